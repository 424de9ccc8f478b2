-- Counts by day of the event and day on which they became known, for a region with everything below it.
-- A row is a difference: the series as known on a day adds up the rows known until then. Corrections are negative.
create table tally (
    measure text not null,
    disease text not null,
    region text not null,
    event_day integer not null,
    known_day integer not null,
    n integer not null,
    primary key (measure, disease, region, event_day, known_day)
) strict, without rowid;

-- Counts up with every change of a tally, so that a cached screen knows by one row whether it is stale.
create table tally_generation (
    measure text not null,
    disease text not null,
    generation integer not null,
    primary key (measure, disease)
) strict, without rowid;
