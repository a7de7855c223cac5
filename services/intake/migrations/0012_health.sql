-- Words that are added to a case later are named by their part; which parts there are is said in one place, the program.
alter table case_text drop constraint case_text_part_check;
alter table case_text add constraint case_text_part_check check (part ~ '^[a-z_]+(_[0-9]+)?$');

-- By when the case owes an authority a report, the first of them first; nothing where it owes none.
alter table case_file add column report_by bigint
  generated always as ((state->'reports'->>'due_by')::bigint) stored;  -- microseconds since 1970
create index case_file_report_by on case_file (report_by, id) where report_by is not null;
