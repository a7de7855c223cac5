-- What people said cases are about, the last word of each: what a model is to learn (no words of customers; those are sealed).
create table case_label (
  case_id    uuid        primary key,
  class      text        not null,
  department text,
  said_by    text        not null check (said_by in ('person', 'assessment')),
  at         timestamptz not null
);
create index case_label_in_time on case_label (at, case_id);
insert into case_label (case_id, class, department, said_by, at)
select id, state->'facts'->>'class', state->'judged'->>'department', 'person', (state->'judged'->>'at')::timestamptz
from case_file where state->'judged' is not null;
