-- What platforms push to us: stored before it is acknowledged, taken in afterwards, in order within its conversation.
-- While it waits its body is sealed under a key of its own (wrapped); once it is a case, under a key of the customer's,
-- so that forgetting the customer forgets it too.
create table inbound_message (
  id           uuid        primary key,             -- follows from source and message_id: the same message is one row
  seq          bigint      not null generated always as identity,
  source       text        not null,
  message_id   text        not null,
  once         bytea,                               -- what a signature that leaves the message out serves for once
  conversation bytea       not null,                -- a keyed hash of who writes
  wrapped      bytea,
  body         bytea,
  state        text        not null default 'received'
               check (state in ('received', 'taken_in', 'quarantined', 'duplicate', 'discarded')),
  reason       text,
  tries        integer     not null default 0,
  next_at      timestamptz not null,
  received_at  timestamptz not null,
  settled_at   timestamptz,
  settled_by   text,
  case_id      uuid,
  unique (source, once)
);
create index inbound_message_waiting on inbound_message (seq) where state = 'received';
create index inbound_message_in_order on inbound_message (conversation, seq) where state = 'received';
create index inbound_message_quarantined on inbound_message (received_at, id) where state = 'quarantined';

-- Calls to the hotline, as the telephone system told their end.
create table hotline_call (
  id      uuid   primary key,
  version bigint not null,
  hash    bytea  not null,
  state   jsonb  not null,
  status  text   generated always as (state->'state'->>'kind') stored
);
