-- By when the case owes an authority a report, the first of them first; nothing where it owes none.
alter table case_file add column report_by bigint
  generated always as ((state->'reports'->>'due_by')::bigint) stored;  -- microseconds since 1970
create index case_file_report_by on case_file (report_by, id) where report_by is not null;
