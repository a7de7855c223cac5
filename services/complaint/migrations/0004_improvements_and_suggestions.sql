-- Improvement actions and suggestions. Their words are rows of private_text like all others.

create table improvement_action (
  id          uuid   primary key,
  version     bigint not null,
  hash        bytea  not null,
  state       jsonb  not null,
  status      text        generated always as (state->'state'->>'kind') stored not null,
  owner       text        generated always as (state->>'owner') stored not null,
  proposed_at timestamptz generated always as (instant(state->>'proposed_at')) stored not null
) with (fillfactor = 80);

create index improvement_action_status on improvement_action (status, proposed_at, id);
create index improvement_action_owner on improvement_action (owner, proposed_at, id);
create index improvement_action_proposed on improvement_action (proposed_at, id);

create table suggestion (
  id          uuid   primary key,
  version     bigint not null,
  hash        bytea  not null,
  state       jsonb  not null,
  status      text        generated always as (state->'state'->>'kind') stored not null,
  recorded_at timestamptz generated always as (instant(state->>'recorded_at')) stored not null
) with (fillfactor = 80);

create index suggestion_status on suggestion (status, recorded_at, id);
create index suggestion_recorded on suggestion (recorded_at, id);
