-- How much was asked of customers, of orders that are done; and goods that were found.
alter table service_order
  add column interactions   integer generated always as ((state->'request'->'effort'->>'interactions')::integer) stored,
  add column documents      integer generated always as ((state->'request'->'effort'->>'documents')::integer) stored,
  add column asked_too_much boolean generated always as ((state->'request'->'effort'->>'exceeded')::boolean) stored;
create index service_order_effort on service_order (opened_at) include (interactions, documents, asked_too_much)
  where interactions > 0 and status in ('completed', 'closed_partial');

-- Goods that came and belong to nothing that is awaited.
create table found_goods (
  id       uuid   primary key,
  version  bigint not null,
  hash     bytea  not null,
  state    jsonb  not null,
  status   text        generated always as (state->'state'->>'kind') stored not null,
  place    text        generated always as (state->'facts'->>'place') stored not null,
  found_at timestamptz generated always as (instant(state->'facts'->>'at')) stored not null
) with (fillfactor = 80);
create index found_goods_newest on found_goods (found_at desc, id desc);
create index found_goods_waiting on found_goods (place, found_at desc, id desc) where status = 'waiting';
