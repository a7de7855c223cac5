-- Customers who are one person: a pair of pseudonyms has one link. Nothing else is written when they are linked or the
-- link is taken back; whoever reads asks who is one person with whom.
create table customer_link (
  id          uuid   primary key,
  version     bigint not null,
  hash        bytea  not null,
  state       jsonb  not null,
  status      text   generated always as (state->'state'->>'kind') stored,
  customer_id uuid   generated always as ((state->'facts'->>'customer_id')::uuid) stored,
  other_id    uuid   generated always as ((state->'facts'->>'other_id')::uuid) stored,
  unique (customer_id, other_id)
);
create index customer_link_other on customer_link (other_id);
create index customer_link_by_status on customer_link (status, id);

-- The customer, and all who are linked with it, one by the other.
create function one_person(customer uuid) returns setof uuid
  language sql stable parallel safe
begin atomic
  with recursive person(id) as (
    select customer
    union
    select next.id from person cross join lateral (
      select other_id from customer_link where customer_link.customer_id = person.id and status = 'linked'
      union all
      select customer_id from customer_link where other_id = person.id and status = 'linked') as next(id))
  select person.id from person;
end;

-- Of whom something was told that was not known: whoever shares a phone or an e-mail address is looked for, and
-- purchases that lacked a name or a contact are judged again; all purchases where links changed.
create table customer_told (
  seq         bigint  generated always as identity primary key,
  customer_id uuid    not null,
  links       boolean not null default false
);
insert into customer_told (customer_id)
  select id from customer where phone_index is not null or email_index is not null order by id;

-- Purchases by customer, and those whose base data are flagged.
alter table purchase
  add column customer_id uuid  generated always as ((state->'facts'->>'customer_id')::uuid) stored,
  add column flaws       jsonb generated always as (nullif(state->'flaws', '[]'::jsonb)) stored;
create index purchase_customer on purchase (customer_id);
create index purchase_flawed on purchase (id) where flaws is not null;
