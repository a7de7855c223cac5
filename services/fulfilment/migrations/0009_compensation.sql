-- What is given beside a purchase: what was approved, the budgets of a month it is taken from, and the refunds that pay it.

-- What was approved of an order's compensation; never changed.
create table compensation_grant (
  order_id    uuid   primary key,
  minor       bigint not null,
  currency    text   not null,
  approved_at timestamptz not null,
  constraint grants_something check (minor > 0),
  constraint compensation_grant_amount unique (order_id, minor, currency)
);
create function grant_is_for_ever() returns trigger language plpgsql as $$
begin
  raise exception 'what was approved is never changed or taken away'
    using errcode = 'restrict_violation', constraint = 'grant_is_for_ever';
end $$;
create trigger grant_is_for_ever before update or delete or truncate on compensation_grant
  for each statement execute function grant_is_for_ever();

-- The other half of the law of money: what leaves beside what was paid in is exactly a compensation that was approved, once.
alter table refund
  add column compensation_of uuid generated always as
    (case when (state->'facts'->>'compensation')::boolean then (state->'facts'->>'order_id')::uuid end) stored;
alter table refund
  add constraint never_more_than_approved foreign key (compensation_of, minor, currency)
    references compensation_grant (order_id, minor, currency) deferrable initially deferred;
create unique index one_compensation_paid on refund (compensation_of) where status <> 'failed';

-- Whether a month's budget holds and has spent no more than it is. What cannot be read is no cover.
create function is_within_budget(budget jsonb) returns boolean
  language sql immutable parallel safe
  return coalesce((budget->>'spent')::numeric >= 0 and not exists (
      select from jsonb_each(budget->'reserved') as held
      where jsonb_typeof(held.value) is distinct from 'number' or (held.value#>>'{}')::numeric < 1
    ) and (budget->>'spent')::numeric + (
      select coalesce(sum((held.value#>>'{}')::numeric), 0) from jsonb_each(budget->'reserved') as held
    ) <= (budget->>'limit')::numeric, false);

create table compensation_budget (
  id       uuid   primary key,
  version  bigint not null,
  hash     bytea  not null,
  state    jsonb  not null,
  month    text   generated always as (state->'key'->>'month') stored not null,
  name     text   generated always as (state->'key'->'purse'->>'name') stored not null,
  constraint never_overdrawn check (is_within_budget(state) is true)
) with (fillfactor = 80);
create index compensation_budget_month on compensation_budget (month, name, id);

-- The lists of who approves, gives out and tells, longest waiting first.
alter table service_order
  add column compensation text generated always as (
    case when state->'state'->>'kind' not in ('cancelled', 'ineligible')
      then state->'request'->'compensation'->'stage'->>'kind' end
  ) stored,
  add column compensation_since timestamptz generated always as
    (instant(state->'request'->'compensation'->>'since')) stored;
create index service_order_compensation on service_order (compensation, compensation_since, id)
  where compensation not in ('given', 'refused');

-- An agreed remedy that people complete is found by its complaint, too.
alter table service_order add column promised_for uuid generated always as
  ((state->'agreement'->>'complaint_id')::uuid) stored;
create index service_order_promised_for on service_order (promised_for) where promised_for is not null;
