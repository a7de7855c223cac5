-- Repairs of orders that were asked for: found by where the work stands and by who does it. Who can do it. And pieces that
-- the customer has again.
alter table service_order
  add column repair_stages      jsonb generated always as
    (nullif(jsonb_path_query_array(state, '$.request.lines[*].work.stage'), '[]'::jsonb)) stored,
  add column repair_technicians jsonb generated always as
    (nullif(jsonb_path_query_array(state, '$.request.lines[*].work.technician'), '[]'::jsonb)) stored;
create index service_order_repairs on service_order (opened_at desc, id desc) where repair_stages is not null;
create index service_order_repair_stages on service_order using gin (repair_stages) where repair_stages is not null;
create index service_order_repair_technicians on service_order using gin (repair_technicians)
  where repair_technicians is not null;

create table technician (
  id      uuid   primary key,
  version bigint not null,
  hash    bytea  not null,
  state   jsonb  not null,
  staff   text    generated always as (state->'profile'->>'staff') stored not null unique,
  skills  jsonb   generated always as (state->'profile'->'skills') stored not null,
  active  boolean generated always as ((state->'profile'->>'active')::boolean) stored not null
) with (fillfactor = 80);
create index technician_skills on technician using gin (skills);

-- As in 0003, with a sixth place: pieces the customer has again.
create or replace function goods_add_up(request jsonb) returns boolean
  language sql immutable parallel safe
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
