-- fulfilment.unbought: money for articles of no purchase is what another person than who asked approved for their line, and no more;
-- no account holds it.

-- Whether the living claims of each such line are together not above what was approved for it, by somebody else. What cannot be read
-- is no cover.
create function pays_what_was_approved(request jsonb) returns boolean
  language plpgsql immutable parallel safe as $$
begin
  return not exists (
    select from jsonb_array_elements(
      case jsonb_typeof(request->'payouts') when 'array' then request->'payouts' else '[]' end
    ) as payout, jsonb_array_elements(payout->'lines') as line
    where payout->'source'->>'kind' = 'unbought' and payout->'state'->>'kind' is distinct from 'repeated'
    group by payout->'source'->>'line_no'
    having coalesce(
      sum(coalesce((line->'amount'->>'minor')::numeric, 'infinity'))
        > coalesce((request->'review'->'amounts'->(payout->'source'->>'line_no')->>'minor')::numeric, 0)
      or lower(request->'review'->>'by') = lower(request->>'by')
      or request->'review'->>'approved' is distinct from 'true', true)
  );
end $$;

alter table service_order
  add constraint never_more_than_reviewed check (
    case when state->'request'->'review' ? 'amounts' or state->'request'->'payouts' @> '[{"source": {"kind": "unbought"}}]'
      then pays_what_was_approved(state->'request') is true else true end
  ) not valid;  -- no row of before has such money, and nobody waits for the look
