-- Messages to customers. What is searched is generated from the state, so a new step needs no migration.
-- Instants are microseconds since 1970: reading a text as an instant depends on the session and cannot be generated.
create table message (
  id uuid primary key,
  version bigint not null,
  hash bytea not null,
  state jsonb not null,
  status text generated always as (state->'state'->>'kind') stored,
  about_id uuid generated always as ((state->'facts'->>'about_id')::uuid) stored,
  queued_at bigint generated always as ((state->>'queued_at')::bigint) stored,
  next_try_at bigint generated always as ((state->'state'->>'next_try_at')::bigint) stored
);

-- Only queued messages have a next attempt.
create index message_due on message (next_try_at) where next_try_at is not null;
create index message_newest on message (queued_at desc, id desc);
create index message_by_status on message (status, queued_at desc, id desc);
create index message_by_about on message (about_id, queued_at desc, id desc);
