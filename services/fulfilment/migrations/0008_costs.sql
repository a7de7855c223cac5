-- What orders cost: a ledger for each order with its postings, which add up to nothing and are never changed; and what of it
-- is charged back to suppliers.
create table cost_ledger (
  id       uuid   primary key,
  version  bigint not null,
  hash     bytea  not null,
  state    jsonb  not null,
  order_id uuid   generated always as ((state->>'order_id')::uuid) stored not null unique
) with (fillfactor = 80);

create table posting (
  id          uuid   primary key,
  entry_id    uuid   not null,
  -- in its entry, from 0
  place       bigint not null,
  order_id    uuid   not null,
  account     text   not null,
  minor       bigint not null,
  currency    text   not null,
  cause       text   not null,
  department  text   not null,
  supplier    text   not null,
  batch       text   not null,
  occurred_at timestamptz not null,
  constraint posted_once unique (entry_id, place),
  constraint more_or_less_than_nothing check (minor <> 0)
);
create index posting_newest on posting (occurred_at desc, id desc);
create index posting_order on posting (order_id);
create index posting_cause on posting (cause, occurred_at desc, id desc) where cause <> '';
create index posting_department on posting (department, occurred_at desc, id desc) where department <> '';
create index posting_supplier on posting (supplier, occurred_at desc, id desc) where supplier <> '';
create index posting_batch on posting (batch, occurred_at desc, id desc) where batch <> '';

-- What was wrong is reversed by another posting.
create function posting_is_for_ever() returns trigger language plpgsql as $$
begin
  raise exception 'a posting is never changed or taken away'
    using errcode = 'restrict_violation', constraint = 'posting_is_for_ever';
end $$;
create trigger posting_is_for_ever before update or delete or truncate on posting
  for each statement execute function posting_is_for_ever();

-- At the end of a transaction the postings of an entry add up to nothing in each currency.
create function entry_adds_up() returns trigger language plpgsql as $$
begin
  if exists (select from posting where entry_id = new.entry_id group by currency having sum(minor) <> 0) then
    raise exception 'the postings of entry % do not add up to nothing', new.entry_id
      using errcode = 'check_violation', constraint = 'entry_adds_up';
  end if;
  return null;
end $$;
create constraint trigger entry_adds_up after insert on posting deferrable initially deferred
  for each row execute function entry_adds_up();

create table chargeback (
  id          uuid   primary key,
  version     bigint not null,
  hash        bytea  not null,
  state       jsonb  not null,
  status      text   generated always as (state->'state'->>'kind') stored not null,
  number      text   generated always as (state->'document'->>'number') stored not null unique,
  order_id    uuid   generated always as ((state->'document'->>'order_id')::uuid) stored not null,
  supplier    text   generated always as (state->'document'->>'supplier') stored not null,
  minor       bigint generated always as ((state->'document'->'amount'->>'minor')::bigint) stored not null,
  proposed_at timestamptz generated always as (instant(state->'document'->>'at')) stored not null,
  constraint charges_something check (minor > 0)
) with (fillfactor = 80);
create index chargeback_newest on chargeback (proposed_at desc, id desc);
create index chargeback_status on chargeback (status, proposed_at desc, id desc);
create index chargeback_supplier on chargeback (supplier, proposed_at desc, id desc);
create index chargeback_order on chargeback (order_id);

create function document_is_for_ever() returns trigger language plpgsql as $$
begin
  raise exception 'the document of a charge-back is never changed'
    using errcode = 'restrict_violation', constraint = 'document_is_for_ever';
end $$;
create trigger document_is_for_ever before update on chargeback for each row
  when (old.state->'document' is distinct from new.state->'document') execute function document_is_for_ever();

-- A posting stands on one charge-back that was not withdrawn, at the most.
create table chargeback_line (
  posting_id    uuid    not null references posting,
  chargeback_id uuid    not null references chargeback,
  living        boolean not null default true,
  primary key (posting_id, chargeback_id)
);
create unique index one_living_chargeback on chargeback_line (posting_id) where living;
create index chargeback_line_of on chargeback_line (chargeback_id);
