-- How long before its event a record became known at most, and when the first one did: a list as known on a day begins
-- at the last event that can have been known by then.
create index record_by_known on record (register, known_day) where not deleted;
create index record_by_lead on record (register, (event_day - known_day)) where not deleted;
create index record_version_by_known on record_version (register, known_day) where not deleted;
create index record_version_by_lead on record_version (register, (event_day - known_day)) where not deleted;
