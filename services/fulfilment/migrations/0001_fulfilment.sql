-- Service orders, what purchases can give back, and refunds. What is searched is generated from the state.

-- Reads an instant written by this service (RFC 3339 in UTC). The cast itself is only "stable", because it depends on
-- the session's zone for instants that name none; ours always do.
create function instant(text) returns timestamptz
  language sql immutable strict parallel safe
  return $1::timestamptz;

-- Whether an account could pay all it holds: on every line the amounts held are above nothing, in the line's currency,
-- and together not above what was paid for it. What cannot be read is no cover.
create function is_covered(account jsonb) returns boolean
  language sql immutable parallel safe
  return case account->>'kind'
    when 'awaited' then true
    when 'open' then coalesce((
      select bool_and(coalesce(
        (line->'paid'->>'minor')::numeric >= (
          select coalesce(sum((hold.value->>'minor')::numeric), 0) from jsonb_each(line->'holds') as hold
        ) and not exists (
          select from jsonb_each(line->'holds') as hold
          where coalesce((hold.value->>'minor')::numeric <= 0, true)
             or hold.value->>'currency' is distinct from line->'paid'->>'currency'
        ), false))
      from jsonb_array_elements(
        case jsonb_typeof(account->'lines') when 'array' then account->'lines' else '[null]' end
      ) as line
    ), true)
    else false
  end;

create table service_order (
  id           uuid   primary key,
  version      bigint not null,
  hash         bytea  not null,
  state        jsonb  not null,
  status       text        generated always as (state->'state'->>'kind') stored not null,
  complaint_id uuid        generated always as ((state->'facts'->>'complaint_id')::uuid) stored not null,
  opened_at    timestamptz generated always as (instant(state->>'opened_at')) stored not null
) with (fillfactor = 80);
create index service_order_newest on service_order (opened_at desc, id desc);
create index service_order_status on service_order (status, opened_at desc, id desc);
create index service_order_complaint on service_order (complaint_id);

-- The law of money, apart from the program: no purchase ever holds, and so pays back, more than was paid for a line.
create table purchase_account (
  id      uuid   primary key,
  version bigint not null,
  hash    bytea  not null,
  state   jsonb  not null,
  status  text generated always as (state->'state'->>'kind') stored not null,
  constraint never_more_than_paid check (is_covered(state->'state') is true)
) with (fillfactor = 80);

-- One order has one refund; its id is the payment provider's key.
create table refund (
  id          uuid   primary key,
  version     bigint not null,
  hash        bytea  not null,
  state       jsonb  not null,
  status      text        generated always as (state->'state'->>'kind') stored not null,
  order_id    uuid        generated always as ((state->'facts'->>'order_id')::uuid) stored not null unique,
  minor       bigint      generated always as ((state->'facts'->'amount'->>'minor')::bigint) stored not null,
  currency    text        generated always as (state->'facts'->'amount'->>'currency') stored not null,
  queued_at   timestamptz generated always as (instant(state->>'queued_at')) stored not null,
  -- when it is to be sent (queued), or to be asked about (unknown)
  next_try_at timestamptz generated always as (instant(state->'state'->>'next_try_at')) stored,
  constraint more_than_nothing check (minor > 0)
) with (fillfactor = 80);
create index refund_newest on refund (queued_at desc, id desc);
create index refund_status on refund (status, queued_at desc, id desc);
create index refund_due on refund (status, next_try_at) where next_try_at is not null;
create index refund_paid on refund (currency) include (minor) where status = 'succeeded';
