-- The list of what a shop or warehouse has open.

-- Where the goods of an order were brought last, or before they came, whose counter it was asked for at.
create function place_of(request jsonb) returns text
  language sql immutable parallel safe
  return coalesce(
    (
      select nullif(arrival->>'place', '')
      from jsonb_path_query(request, '$.lines[*].leg.arrivals[*]') as arrival
      order by instant(arrival->>'at') desc limit 1
    ),
    case when request->'origin'->>'kind' = 'counter' then request->'origin'->>'reference' end
  );

alter table service_order add column place text generated always as (
  case when state ? 'request' then place_of(state->'request') end
) stored;
create index service_order_open_at on service_order (place, opened_at, id)
  where place is not null and status in ('requested', 'in_review', 'eligible', 'authorised', 'in_progress');
