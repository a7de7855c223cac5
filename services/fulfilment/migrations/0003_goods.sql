-- Goods that were asked back: every piece of a line is in exactly one place.

-- Whether the pieces of every line, wherever they are, are as many as were asked back. A line whose goods were not
-- asked back has none; what cannot be read does not add up.
create function goods_add_up(request jsonb) returns boolean
  language sql immutable parallel safe
  return coalesce((
    select bool_and(
      not line ? 'leg' or coalesce((
        select count(piece.value#>>'{}') = 5 and min((piece.value#>>'{}')::numeric) >= 0
           and sum((piece.value#>>'{}')::numeric) = (line->>'quantity')::numeric
        from jsonb_each(line->'leg'->'goods') as piece
        where piece.key in ('awaiting', 'uninspected', 'accepted', 'rejected', 'lapsed')
      ), false))
    from jsonb_array_elements(
      case jsonb_typeof(request->'lines') when 'array' then request->'lines' else '[]' end
    ) as line
  ), true);

alter table service_order
  add constraint every_piece_is_somewhere check (goods_add_up(state->'request') is true);
