-- The tables every service needs to be on the road. They live in the service's own schema.

create sequence journal_seq as bigint cache 1;

-- Immutable: the service's role may insert and select. Outbox, audit trail and replay source at once.
create table journal (
  seq          bigint      not null,
  event_id     uuid        not null,
  shard        smallint    not null,
  aggregate    text        not null,
  aggregate_id uuid        not null,
  version      bigint      not null,
  type         text        not null,
  subject      text        not null,
  payload      bytea       not null,
  actor        text        not null,
  cause        uuid,
  correlation  uuid        not null,
  trace        text,
  occurred_at  timestamptz not null,
  recorded_at  timestamptz not null,
  previous     bytea       not null,
  hash         bytea       not null,
  primary key (seq)
) partition by range (seq);
create table journal_0 partition of journal for values from (0) to (20000000);
create table journal_1 partition of journal for values from (20000000) to (40000000);
create table journal_2 partition of journal for values from (40000000) to (60000000);
create table journal_rest partition of journal default;
create index journal_aggregate on journal (aggregate_id, version);

-- What is still to be sent, and the rows relays lock to take a shard.
create table outbox_pending (
  shard smallint not null,
  seq   bigint   not null,
  primary key (shard, seq)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_cost_delay = 0);
create table relay_shard (id smallint primary key);
insert into relay_shard select generate_series(0, 15);

-- Where each published batch landed, for the auditor. `incarnation` tells one life of a stream from the next.
create table relay_batch (
  stream          text        not null,
  incarnation     bigint      not null,
  last_stream_seq bigint      not null,
  event_seqs      bigint[]    not null,
  last_event_id   uuid        not null,
  published_at    timestamptz not null,
  primary key (stream, incarnation, last_stream_seq)
);

-- First answers of requests that carried an idempotency key.
create table inbox (
  key         text        primary key,
  fingerprint bytea       not null,
  answer      bytea       not null,
  recorded_at timestamptz not null
);

-- The last version applied of every aggregate we listen to.
create table gate (
  stream       text    not null,
  aggregate_id uuid    not null,
  version      bigint  not null,
  parked       boolean not null default false,
  primary key (stream, aggregate_id)
) with (fillfactor = 80);

-- Events that could not be applied, in the order they have to be.
create table parked (
  stream       text        not null,
  aggregate_id uuid        not null,
  version      bigint      not null,
  event_id     uuid        not null,
  type         text        not null,
  envelope     jsonb       not null,
  payload      bytea       not null,
  reason       text        not null,
  parked_at    timestamptz not null,
  primary key (stream, aggregate_id, version)
);

create table deadline (
  aggregate_id uuid        not null,
  kind         text        not null,
  aggregate    text        not null,
  due_at       timestamptz not null,
  primary key (aggregate_id, kind)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
        autovacuum_vacuum_cost_delay = 0);
create index deadline_due on deadline (due_at);
