-- Who has a case, so that the queue can be read by person.
alter table case_file add column assigned_to text generated always as (state->'assignment'->>'to') stored;
create index case_file_assigned on case_file (assigned_to) where assigned_to is not null;
