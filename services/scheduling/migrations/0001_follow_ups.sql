-- Follow-ups, and what customers said in them.

-- Reads an instant written by this service (RFC 3339 in UTC). The cast itself is only "stable", because it depends on
-- the session's zone for instants that name none; ours always do.
create function instant(text) returns timestamptz
  language sql immutable strict parallel safe
  return $1::timestamptz;

create table follow_up (
  id           uuid   primary key,
  version      bigint not null,
  hash         bytea  not null,
  state        jsonb  not null,
  status       text        generated always as (state->'state'->>'kind') stored not null,
  purchase_id  uuid        generated always as ((state->'obligation'->>'purchase_id')::uuid) stored not null,
  window_start timestamptz generated always as (instant(state->'obligation'->'window'->>'start')) stored not null,
  window_end   timestamptz generated always as (instant(state->'obligation'->'window'->>'end')) stored not null
) with (fillfactor = 80);

-- Lists in one state, nearest window end first; counts by state.
create index follow_up_status on follow_up (status, window_end, id);
-- The follow-ups an answer about a purchase may count for.
create index follow_up_purchase on follow_up (purchase_id);

-- The words of customers: never in the journal, in events or in logs.
create table private_text (
  owner uuid not null,
  field text not null,
  body  text not null,
  primary key (owner, field)
);
