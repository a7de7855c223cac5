-- Service orders that were asked for: they have no complaint; they are found by where they come from and by the number on
-- the parcel. And the pieces of a purchase that orders have taken.
alter table service_order alter column complaint_id drop not null;
alter table service_order
  add column origin     text generated always as (state->'request'->'origin'->>'reference') stored,
  add column rma_number text generated always as (state->'request'->>'rma_number') stored unique;
create index service_order_origin on service_order (origin, opened_at desc, id desc) where origin is not null;

-- Whether an account has as many pieces as orders have taken of it. A line whose pieces were never counted (an account
-- opened before they were told) limits nothing; what cannot be read is no cover.
create function has_the_pieces(account jsonb) returns boolean
  language sql immutable parallel safe
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

-- The law of goods: no piece of a purchase comes back twice.
alter table purchase_account
  add constraint never_more_than_bought check (has_the_pieces(state->'state') is true);
