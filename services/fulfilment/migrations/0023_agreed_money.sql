-- fulfilment.agreed_money: a return that was agreed by its pieces pays for those of a line what was agreed for them, and no more.

-- Whether the living claims of each line are together not above its part. What cannot be read is no cover.
create function pays_what_was_agreed(request jsonb) returns boolean
  language plpgsql immutable parallel safe as $$
begin
  return not exists (
    select from jsonb_array_elements(
      case jsonb_typeof(request->'payouts') when 'array' then request->'payouts' else '[]' end
    ) as payout, jsonb_array_elements(payout->'lines') as line
    where payout->'state'->>'kind' is distinct from 'repeated'
    group by line->>'line_id'
    having coalesce(
      sum(coalesce((line->'amount'->>'minor')::numeric, 'infinity'))
        > coalesce((request->'agreed_money'->'parts'->(line->>'line_id')->>'minor')::numeric, 0), true)
  );
end $$;

alter table service_order
  add constraint never_more_than_agreed check (
    case when state->'request' ? 'agreed_money' then pays_what_was_agreed(state->'request') is true else true end
  ) not valid;  -- no row of before has such money, and nobody waits for the look
