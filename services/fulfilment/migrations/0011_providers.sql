-- Refunds by the means a purchase was paid by: a refund for each means of a claim, the next only when the one before failed;
-- and no means gives back more than was paid by it. And how many callbacks of the provider were refused.
alter table refund drop constraint one_refund_a_claim;
alter table refund
  -- the number of the means; 0 where the refund goes back as one amount
  add column tender_no integer not null generated always as
    (coalesce((state->'facts'->'part'->>'no')::integer, 0)) stored,
  add column attempt   integer not null generated always as
    (coalesce((state->'facts'->'part'->>'attempt')::integer, 1)) stored,
  add column by_people boolean not null generated always as (state ? 'paid_by') stored,
  add constraint one_refund_a_claim unique (claim_id, tender_no, attempt);
create unique index one_living_refund_a_tender on refund (claim_id, tender_no) where status <> 'failed';
drop index refund_paid;
create index refund_paid on refund (by_people, currency) include (minor) where status = 'succeeded';

-- Whether no means gives more than was paid by it, nor more points, and together they are what was paid. What cannot be
-- read is no cover.
create function tenders_cover(account jsonb) returns boolean
  language sql immutable parallel safe
  return case
    when not coalesce(account->'sale' ? 'tenders', false) then true
    when jsonb_typeof(account->'sale'->'tenders'->'all') is distinct from 'array' then false
    else coalesce((
      select sum((tender->'paid'->>'minor')::numeric) = (account->'paid'->>'minor')::numeric
         and bool_and(coalesce(
           (tender->'paid'->>'minor')::numeric > 0
           and tender->'paid'->>'currency' = account->'paid'->>'currency'
           and (tender->'paid'->>'minor')::numeric >= (
             select coalesce(sum(coalesce((given.value->'amount'->>'minor')::numeric, 'infinity')), 0)
             from jsonb_each(tender->'gives') as given
           )
           and coalesce((tender->>'points')::numeric, 0) >= (
             select coalesce(sum((given.value->>'points')::numeric), 0) from jsonb_each(tender->'gives') as given
           )
           and not exists (
             select from jsonb_each(tender->'gives') as given
             where coalesce((given.value->'amount'->>'minor')::numeric <= 0, true)
                or given.value->'amount'->>'currency' is distinct from tender->'paid'->>'currency'
           ), false))
      from jsonb_array_elements(account->'sale'->'tenders'->'all') as tender
    ), false)
  end;

alter table purchase_account
  add constraint never_more_than_tendered check (tenders_cover(state->'state') is true);

create table callback_refused (
  code    text        primary key,
  count   bigint      not null,
  last_at timestamptz not null
);
