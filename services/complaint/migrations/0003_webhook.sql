-- Events of departments whose teams read them over HTTP; a row lives until the team has taken it.
create table webhook_delivery (
  event_id   uuid        primary key,
  seq        bigint      not null generated always as identity,
  department text        not null,
  body       text        not null,
  queued_at  timestamptz not null,
  attempts   integer     not null default 0,
  next_at    timestamptz not null,
  -- Nobody took it in its time; it waits to be redriven.
  failed_at  timestamptz,
  last_code  text
);

-- A department's deliveries that are still tried, in their order; those that failed.
create index webhook_delivery_waiting on webhook_delivery (department, seq) where failed_at is null;
create index webhook_delivery_failed on webhook_delivery (department) where failed_at is not null;
