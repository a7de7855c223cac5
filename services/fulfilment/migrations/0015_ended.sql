-- An agreed order that cannot be had may be ended: its attempts and repairs are on no list of open ones any more.
create or replace function replacements_since(request jsonb) returns jsonb
  language sql immutable parallel safe
  return (
    select jsonb_object_agg(kind, since) from (
      select one->'state'->>'kind' as kind, (array_agg(one->>'since' order by instant(one->>'since')))[1] as since
      from jsonb_array_elements(
        case jsonb_typeof(request->'replacements') when 'array' then request->'replacements' else '[]' end
      ) as one
      where one->'state'->>'kind' not in ('delivered', 'lost', 'returned_undelivered', 'money_instead')
        and coalesce(jsonb_typeof(request->'cancelled'), 'null') = 'null'
      group by 1
    ) as waiting
  );
