-- A row of a case is written again and again, and each contact pays for every index. What an index reads stands in columns
-- of its own, so that a change of other parts of the state writes no index; and what is asked of running cases only is
-- kept of running cases only.
drop index case_file_customer, case_file_recorded, case_file_batch, case_file_product, purchase_batches;

create index case_file_customer on case_file (customer_id, recorded_at)
  where status in ('routed', 'responded', 'awaiting_info', 'reopened');
create index case_file_recorded on case_file using brin (recorded_at);

alter table case_file
  add column batch      text generated always as (state->'facts'->>'batch') stored,
  add column product_id text generated always as (state->'facts'->>'product_id') stored;
create index case_file_batch on case_file (batch) where batch is not null;
create index case_file_product on case_file (product_id) where product_id is not null;

alter table purchase
  add column batches jsonb generated always as
    (nullif(jsonb_path_query_array(state, '$.facts.lines[*].batch ? (@ != null)'), '[]'::jsonb)) stored;
create index purchase_batches on purchase using gin (batches jsonb_path_ops) where batches is not null;

-- A contact's words are nearly all there is: they need no pattern.
alter table case_text drop constraint case_text_part_check;
alter table case_text add constraint case_text_part_check
  check (part = 'contact' or part ~ '^[a-z]+(_[a-z0-9-]+)*$');
