-- fulfilment.refunds_are_held: what leaves for a purchase is held for it, and what was received has come. Both are read again here,
-- apart from the program.

create index refund_of_purchase on refund (((state->'facts'->>'purchase_id')::uuid))
  where status <> 'failed' and compensation_of is null;

-- The last third of the law of money: of each line no more is held than was paid for it (never_more_than_paid), and together the
-- refunds of a purchase that are queued, sent, unknown or paid are no more than what is held. Compensation has a law of its own
-- (never_more_than_approved). What is no purchase's money is no more than its own claim: what a customer paid beside it, for dearer
-- goods or a repair, and what was approved for articles of no purchase (never_more_than_reviewed bounds that claim).
create function refunds_are_held() returns trigger language plpgsql as $$
declare
  purchase uuid;
  claims uuid[];
  held numeric := 0;
  leaving numeric;
begin
  if tg_table_name = 'refund' then
    purchase := (new.state->'facts'->>'purchase_id')::uuid;
    claims := array[new.claim_id];
  else
    purchase := new.id;
  end if;
  if purchase <> '00000000-0000-0000-0000-000000000000' then
    -- Whoever holds, frees or pays money of the purchase meanwhile is waited for.
    perform 1 from purchase_account where id = purchase for no key update;
    select coalesce(sum((hold.value->>'minor')::numeric), 0) into held
    from purchase_account as account, jsonb_array_elements(account.state->'state'->'lines') as line,
         jsonb_each(line->'holds') as hold
    where account.id = purchase and account.status = 'open';
    select coalesce(sum(minor), 0), array_agg(distinct claim_id) into leaving, claims from refund
    where (state->'facts'->>'purchase_id')::uuid = purchase and status <> 'failed' and compensation_of is null;
    if leaving <= held then
      return null;
    end if;
  end if;
  select coalesce(sum(greatest(one.minor - coalesce(own.minor, 0), 0)), 0) into leaving
  from (
    select order_id, claim_id, sum(minor) as minor from refund
    where claim_id = any(claims) and status <> 'failed' and compensation_of is null
    group by order_id, claim_id
  ) as one left join lateral (
    select sum((line->'amount'->>'minor')::numeric) as minor
    from service_order as asked, jsonb_array_elements(asked.state->'request'->'payouts') as payout,
         jsonb_array_elements(payout->'lines') as line
    where asked.id = one.order_id and (payout->>'claim_id')::uuid = one.claim_id
      and payout->'source'->>'kind' in ('difference', 'fee', 'unbought')
  ) as own on true;
  if leaving > held then
    raise exception 'refunds of % leave for purchase %, and % are held for it', leaving, purchase, held
      using errcode = 'check_violation', constraint = 'refunds_are_held';
  end if;
  return null;
end $$;

create constraint trigger refund_is_held after insert on refund deferrable initially deferred
  for each row when (new.compensation_of is null) execute function refunds_are_held();
create constraint trigger refund_stays_held after update on refund deferrable initially deferred
  for each row when (
    new.compensation_of is null and new.status <> 'failed'
    and (old.status = 'failed' or old.state->'facts' is distinct from new.state->'facts'))
  execute function refunds_are_held();
create constraint trigger account_holds_refunds after update on purchase_account deferrable initially deferred
  for each row when (old.state->'state'->'lines' is distinct from new.state->'state'->'lines')
  execute function refunds_are_held();

-- Every piece of a line is in one place, none was received that did not come, and surplus is all that came beside. A piece that was
-- handed back and asked for again has come before.
create or replace function goods_add_up(request jsonb) returns boolean
  language plpgsql immutable parallel safe as $$
begin
  return coalesce((
    select bool_and(coalesce((
        select count(piece.value#>>'{}') filter (where piece.key <> 'handed_back') = 5
           and min((piece.value#>>'{}')::numeric) >= 0
           and sum((piece.value#>>'{}')::numeric) = coalesce(there.quantity, there.came)
           and sum((piece.value#>>'{}')::numeric)
             filter (where piece.key in ('uninspected', 'accepted', 'rejected', 'handed_back'))
             between case when there.quantity is null then there.came else 0 end and there.came
        from jsonb_each(there.goods) as piece
        where piece.key in ('awaiting', 'uninspected', 'accepted', 'rejected', 'lapsed', 'handed_back')
      ), false))
    from (
      select one.leg->'goods' as goods, one.quantity, (
        select coalesce(sum((arrival->>'quantity')::numeric), 0) from jsonb_array_elements(one.leg->'arrivals') as arrival
      ) as came
      from (
        select line->'leg' as leg, coalesce((line->>'quantity')::numeric, -1) as quantity
        from jsonb_array_elements(
          case jsonb_typeof(request->'lines') when 'array' then request->'lines' else '[]' end
        ) as line
        where line ? 'leg'
        union all
        select surplus->'leg', null
        from jsonb_array_elements(
          case jsonb_typeof(request->'surplus') when 'array' then request->'surplus' else '[]' end
        ) as surplus
      ) as one
    ) as there
  ), true);
end $$;
