-- How a call or a case ended, a word of a closed list; of a call the wait stands in to_answer_s.
alter table fact add column outcome text;

-- One event tells how several promises of an aggregate stand; the newest version says how one stands now. Which promise
-- it is, is said by its word and its start.
create table promised (
  event_id      uuid not null references fact on delete cascade,
  aggregate_id  uuid not null,
  version       bigint not null,
  promise       text not null,
  started_at    timestamptz not null,
  status        text not null,
  due_at        timestamptz not null,
  primary key (event_id, promise, started_at)
);
create index promised_due on promised (promise, due_at);
create index promised_standing on promised (aggregate_id, promise, started_at, version desc);
