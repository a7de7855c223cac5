-- Goods that go out again: no piece of a line is both replaced and paid for, and those that are not at their end are listed.

-- Whether the pieces of every line that are replaced, or whose money is claimed, are together not more than the line has.
-- An attempt that did not reach the customer counts for nothing, another one stands for it; what he takes the money of
-- counts by its claim. What cannot be read is no cover.
create function replaces_or_pays_once(request jsonb) returns boolean
  language sql immutable parallel safe
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

alter table service_order
  add constraint replaced_or_paid_once check (
    case when state->'request' ? 'replacements' then replaces_or_pays_once(state->'request') is true else true end
  );

-- Since when an order has had replacements in each of the statuses that are not their end.
create function replacements_since(request jsonb) returns jsonb
  language sql immutable parallel safe
  return (
    select jsonb_object_agg(kind, since) from (
      select one->'state'->>'kind' as kind, (array_agg(one->>'since' order by instant(one->>'since')))[1] as since
      from jsonb_array_elements(
        case jsonb_typeof(request->'replacements') when 'array' then request->'replacements' else '[]' end
      ) as one
      where one->'state'->>'kind' not in ('delivered', 'lost', 'returned_undelivered', 'money_instead')
      group by 1
    ) as waiting
  );

-- The lists of the warehouse and of who speaks with customers, longest waiting first.
alter table service_order add column replacements jsonb generated always as (
  case when state->'request' ? 'replacements' then replacements_since(state->'request') end
) stored;
create index replacement_wanted on service_order (instant(replacements->>'wanted'), id) where replacements ? 'wanted';
create index replacement_reserved on service_order (instant(replacements->>'reserved'), id) where replacements ? 'reserved';
create index replacement_picked on service_order (instant(replacements->>'picked'), id) where replacements ? 'picked';
create index replacement_shipped on service_order (instant(replacements->>'shipped'), id) where replacements ? 'shipped';
create index replacement_out_of_stock on service_order (instant(replacements->>'out_of_stock'), id) where replacements ? 'out_of_stock';
create index replacement_offered on service_order (instant(replacements->>'offered'), id) where replacements ? 'offered';
create index replacement_declined on service_order (instant(replacements->>'declined'), id) where replacements ? 'declined';
create index replacement_undecided on service_order (instant(replacements->>'undecided'), id) where replacements ? 'undecided';
