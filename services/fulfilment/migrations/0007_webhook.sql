-- Events of orders whose shop systems read them over HTTP, by the channel that sold; a row lives until it was taken.
create table webhook_delivery (
  event_id  uuid        not null,
  receiver  text        not null,
  seq       bigint      not null generated always as identity,
  body      text        not null,
  queued_at timestamptz not null,
  attempts  integer     not null default 0,
  next_at   timestamptz not null,
  -- Nobody took it in its time; it waits to be redriven.
  failed_at timestamptz,
  last_code text,
  primary key (event_id, receiver)
);

-- A receiver's deliveries that are still tried, in their order; those that failed.
create index webhook_delivery_waiting on webhook_delivery (receiver, seq) where failed_at is null;
create index webhook_delivery_failed on webhook_delivery (receiver) where failed_at is not null;

-- The purchases an order is about.
create function purchases_of(service_order jsonb) returns uuid[]
  language sql immutable parallel safe
  return array(
    select (purchase#>>'{}')::uuid
    from jsonb_path_query(service_order, '$.request.lines[*].bought.purchase_id') as purchase
    union
    select (service_order->'facts'->>'purchase_id')::uuid
  );
