-- The money of orders that were asked for: an order has a refund for each claim on a purchase, and no piece is paid twice.
alter table refund drop constraint refund_order_id_key;
alter table refund
  add column claim_id uuid generated always as
    (coalesce((state->'facts'->>'claim_id')::uuid, (state->'facts'->>'order_id')::uuid)) stored not null
    constraint one_refund_a_claim unique;

-- Whether the pieces whose money was granted were bought, and their share is not above what was paid for their line. What
-- cannot be read is no cover.
create function pays_pieces_once(account jsonb) returns boolean
  language sql immutable parallel safe
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

alter table purchase_account
  add constraint no_piece_paid_twice check (pays_pieces_once(state->'state') is true);
