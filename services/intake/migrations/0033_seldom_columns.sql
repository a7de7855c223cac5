-- A row whose change touches what an index reads, be it only in its condition, is written to every index anew; and a condition over the
-- state reads all of it. What is seldom stands in columns of its own, as what 0015 took out of the state does.
drop index case_file_unsure, case_file_undelivered;

alter table case_file
  add column unsure      boolean generated always as
    (state->'facts'->>'complaint_id' is null and coalesce(state->'facts'->>'class_source' ~ '^default|unsure\)$', false)) stored,
  add column undelivered boolean generated always as (coalesce((state->>'undelivered')::boolean, false)) stored;
create index case_file_unsure on case_file (status, lane, (-score), respond_by, id) where unsure;
create index case_file_undelivered on case_file (status, lane, (-score), respond_by, id) where undelivered;
