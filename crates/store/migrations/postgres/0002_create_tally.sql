-- Counts by day of the event and day on which they became known, for a region with everything below it.
-- A row is a difference: the series as known on a day adds up the rows known until then. Corrections are negative.
create table tally (
    measure text collate "C" not null,
    disease text collate "C" not null,
    region text collate "C" not null,
    event_day bigint not null,
    known_day bigint not null,
    n bigint not null,
    primary key (measure, disease, region, event_day, known_day)
);

-- Counts up with every change of a tally, so that a cached screen knows by one row whether it is stale.
create table tally_generation (
    measure text collate "C" not null,
    disease text collate "C" not null,
    generation bigint not null,
    primary key (measure, disease)
);
