create table counter (
  id uuid primary key, version bigint not null, hash bytea not null, state jsonb not null,
  constraint not_the_beast check ((state->>'total')::bigint <> 666)
);
