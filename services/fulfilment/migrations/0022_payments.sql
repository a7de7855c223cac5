-- What customers paid for orders: each payment stands for one order. Its id is made of who took it and its reference, so that
-- of two who tell the same payment of two orders at once the second waits for the first, and is refused.
create table payment (
  id       uuid   primary key,
  version  bigint not null,
  hash     bytea  not null,
  state    jsonb  not null,
  order_id uuid   generated always as ((state->'facts'->>'order_id')::uuid) stored not null
) with (fillfactor = 80);

-- Which pseudonyms stand for one person, as intake tells: so that who buys in one channel and asks in another is known. A link
-- that was taken back names nobody.
create table customer_link (
  link_id     uuid primary key,
  customer_id uuid,
  other_id    uuid
);
create index customer_link_customer on customer_link (customer_id);
create index customer_link_other on customer_link (other_id);
