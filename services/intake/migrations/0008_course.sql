-- What becomes of a case. What customers say later is kept under the id of that contact.
alter table case_text drop constraint case_text_part_check;
alter table case_text add constraint case_text_part_check
  check (part in ('contact', 'answer', 'content', 'circumstances', 'expected_resolution')
    or part ~ '^question_[0-9]+$' or part ~ '^said_[0-9a-f-]{36}$');

-- Cases of one customer that were taken in at about the same time are found by the row's own columns.
alter table case_file
  add column customer_id uuid   generated always as ((state->'facts'->>'customer_id')::uuid) stored,
  add column recorded_at bigint generated always as ((state->'facts'->>'recorded_at')::bigint) stored;  -- microseconds
create index case_file_customer on case_file (customer_id, recorded_at);
