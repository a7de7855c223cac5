-- Major issues, and whom each concerns: a customer is a member of an issue once.
create table major_issue (
  id      uuid   primary key,
  version bigint not null,
  hash    bytea  not null,
  state   jsonb  not null,
  status  text   generated always as (state->'state'->>'kind') stored
);
create table major_issue_member (
  id          uuid   primary key,
  version     bigint not null,
  hash        bytea  not null,
  state       jsonb  not null,
  status      text   generated always as (state->'state'->>'kind') stored,
  issue_id    uuid   generated always as ((state->'facts'->>'issue_id')::uuid) stored,
  customer_id uuid   generated always as ((state->'facts'->>'customer_id')::uuid) stored,
  unique (issue_id, customer_id)
);
create index major_issue_member_by_status on major_issue_member (issue_id, status, id);
-- Who bought a batch; purchases without one are not in it. And cases by batch and by product.
create index purchase_batches on purchase
  using gin (jsonb_path_query_array(state, '$.facts.lines[*].batch') jsonb_path_ops)
  where jsonb_path_exists(state, '$.facts.lines[*].batch ? (@ != null)');
create index case_file_batch on case_file ((state->'facts'->>'batch')) where state->'facts'->>'batch' is not null;
create index case_file_product on case_file ((state->'facts'->>'product_id'))
  where state->'facts'->>'product_id' is not null;
