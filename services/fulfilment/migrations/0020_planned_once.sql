-- fulfilment.planned_once: Postgres plans a function in SQL anew for each statement that calls it, and one in PL/pgSQL once a
-- session; what is generated from a state and what is checked of it calls several at every write. What they say is what they
-- said. They call no function of ours: those are not found where a dump is restored.

create or replace function instant(text) returns timestamptz
  language plpgsql immutable strict parallel safe as $$
begin return $1::timestamptz; end $$;

create or replace function is_covered(account jsonb) returns boolean
  language plpgsql immutable parallel safe as $$
begin
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
end $$;

create or replace function has_the_pieces(account jsonb) returns boolean
  language plpgsql immutable parallel safe as $$
begin
  return case jsonb_typeof(coalesce(account->'taken', '{}'))
    when 'object' then coalesce((
      select bool_and(coalesce(
        not exists (
          select from jsonb_each(line.value) as piece
          where jsonb_typeof(piece.value) is distinct from 'number' or (piece.value#>>'{}')::numeric < 1
        ) and (
          not account ? 'sale' or (account->'sale'->'articles'->line.key->>'quantity')::numeric >= (
            select coalesce(sum((piece.value#>>'{}')::numeric), 0) from jsonb_each(line.value) as piece
          )
        ), false))
      from jsonb_each(coalesce(account->'taken', '{}')) as line
    ), true)
    else false
  end;
end $$;

create or replace function goods_add_up(request jsonb) returns boolean
  language plpgsql immutable parallel safe as $$
begin
  return coalesce((
    select bool_and(
      not line ? 'leg' or coalesce((
        select count(piece.value#>>'{}') filter (where piece.key <> 'handed_back') = 5
           and min((piece.value#>>'{}')::numeric) >= 0
           and sum((piece.value#>>'{}')::numeric) = (line->>'quantity')::numeric
        from jsonb_each(line->'leg'->'goods') as piece
        where piece.key in ('awaiting', 'uninspected', 'accepted', 'rejected', 'lapsed', 'handed_back')
      ), false))
    from jsonb_array_elements(
      case jsonb_typeof(request->'lines') when 'array' then request->'lines' else '[]' end
    ) as line
  ), true);
end $$;

create or replace function pays_pieces_once(account jsonb) returns boolean
  language plpgsql immutable parallel safe as $$
begin
  return case jsonb_typeof(coalesce(account->'back', '{}'))
    when 'object' then coalesce((
      select bool_and(coalesce((
        select min((claim.value->>'quantity')::numeric) >= 1
           and count(claim.value->>'quantity') = count(*) and count(claim.value->'goods'->>'minor') = count(*)
           and sum((claim.value->>'quantity')::numeric)
               <= (account->'sale'->'articles'->line.key->>'quantity')::numeric
           and sum((claim.value->'goods'->>'minor')::numeric) <= (
             select (paid->'paid'->>'minor')::numeric from jsonb_array_elements(account->'lines') as paid
             where paid->>'line_id' = line.key
           )
        from jsonb_each(line.value) as claim
      ), false))
      from jsonb_each(coalesce(account->'back', '{}')) as line
    ), true)
    else false
  end;
end $$;

create or replace function replaces_or_pays_once(request jsonb) returns boolean
  language plpgsql immutable parallel safe as $$
begin
  return coalesce((
    select bool_and(coalesce((line.value->>'quantity')::numeric >= (
      select coalesce(sum(coalesce((one->>'quantity')::numeric, 'infinity')), 0)
      from jsonb_array_elements(
        case jsonb_typeof(request->'replacements') when 'array' then request->'replacements' else '[]' end
      ) as one
      where (one->>'line_no')::numeric is not distinct from line.number::numeric
        and coalesce(one->'state'->>'kind' not in ('lost', 'returned_undelivered', 'money_instead'), true)
    ) + (
      select coalesce(sum(coalesce((payout->'pieces'->>line.number::text)::numeric, 'infinity')), 0)
      from jsonb_array_elements(
        case jsonb_typeof(request->'payouts') when 'array' then request->'payouts' else '[]' end
      ) as payout
      where payout->'pieces' ? line.number::text
        and coalesce(payout->'state'->>'kind' <> 'repeated', true)
    ), false))
    from jsonb_array_elements(
      case jsonb_typeof(request->'lines') when 'array' then request->'lines' else '[]' end
    ) with ordinality as line(value, number)
  ), true);
end $$;

create or replace function replacements_since(request jsonb) returns jsonb
  language plpgsql immutable parallel safe as $$
begin
  return (
    select jsonb_object_agg(kind, since) from (
      select one->'state'->>'kind' as kind, (array_agg(one->>'since' order by (one->>'since')::timestamptz))[1] as since
      from jsonb_array_elements(
        case jsonb_typeof(request->'replacements') when 'array' then request->'replacements' else '[]' end
      ) as one
      where one->'state'->>'kind' not in ('delivered', 'lost', 'returned_undelivered', 'money_instead')
        and coalesce(jsonb_typeof(request->'cancelled'), 'null') = 'null'
      group by 1
    ) as waiting
  );
end $$;

create or replace function is_within_budget(budget jsonb) returns boolean
  language plpgsql immutable parallel safe as $$
begin
  return coalesce((budget->>'spent')::numeric >= 0 and not exists (
      select from jsonb_each(budget->'reserved') as held
      where jsonb_typeof(held.value) is distinct from 'number' or (held.value#>>'{}')::numeric < 1
    ) and (budget->>'spent')::numeric + (
      select coalesce(sum((held.value#>>'{}')::numeric), 0) from jsonb_each(budget->'reserved') as held
    ) <= (budget->>'limit')::numeric, false);
end $$;

create or replace function tenders_cover(account jsonb) returns boolean
  language plpgsql immutable parallel safe as $$
begin
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
end $$;

create or replace function place_of(request jsonb) returns text
  language plpgsql immutable parallel safe as $$
begin
  return coalesce(
    (
      select nullif(arrival->>'place', '')
      from jsonb_path_query(request, '$.lines[*].leg.arrivals[*]') as arrival
      order by (arrival->>'at')::timestamptz desc limit 1
    ),
    case when request->'origin'->>'kind' = 'counter' then request->'origin'->>'reference' end
  );
end $$;
