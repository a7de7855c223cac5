-- One row an event, of all services: append-only, known by event id. Only a rebuild ever deletes.
create table fact (
  event_id      uuid primary key,
  -- grows with every row; a rebuild replaces what was there before it began and keeps what came in meanwhile
  position      bigint generated always as identity,
  type          text not null,
  service       text not null,
  stream        text not null,
  aggregate_id  uuid not null,
  version       bigint not null,
  customer_id   uuid,
  occurred_at   timestamptz not null,
  recorded_at   timestamptz not null,
  due_at        timestamptz,
  started_at    timestamptz,
  delivered_at  timestamptz,
  score         smallint check (score between 1 and 5),
  minor         bigint check (minor >= 0),
  currency      text check (currency ~ '^[A-Z]{3}$'),
  check ((minor is null) = (currency is null))
);
create index fact_occurred on fact (type, occurred_at);
create index fact_due on fact (type, due_at) where due_at is not null;
create index fact_promise on fact (aggregate_id, version) where due_at is not null;
create index fact_delivered on fact (delivered_at) where delivered_at is not null;

-- How far every stream is counted in; kept by the same statement that adds the facts.
create table watermark (
  stream            text primary key,
  service           text not null,
  events            bigint not null,
  last_occurred_at  timestamptz not null,
  stream_seq        bigint,
  journal_seq       bigint
);
