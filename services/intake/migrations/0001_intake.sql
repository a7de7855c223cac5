-- What intake owns. Personal data and words of customers are sealed before they come here (customer, case_text); all else
-- speaks of customers by pseudonym.

create table purchase (
  id      uuid   primary key,
  version bigint not null,
  hash    bytea  not null,
  state   jsonb  not null,
  status  text   generated always as (state->'state'->>'kind') stored
);

create table case_file (
  id         uuid   primary key,
  version    bigint not null,
  hash       bytea  not null,
  state      jsonb  not null,
  status     text   generated always as (state->'state'->>'kind') stored,
  lane       text   generated always as (state->'facts'->>'lane') stored,
  score      bigint generated always as ((state->'facts'->'priority'->>'score')::bigint) stored,
  respond_by bigint generated always as ((state->'facts'->>'respond_by')::bigint) stored  -- microseconds since 1970
) with (fillfactor = 85);
create index case_file_queue on case_file (status, lane, score, respond_by);

-- One key per customer, wrapped under the master key. Without its row the customer's data cannot be read by anybody.
create table customer_key (
  customer_id uuid  primary key,
  key_id      uuid  not null,
  wrapped     bytea not null
);

-- The only place where people have names, phones, e-mails and addresses. Everything but the ids is sealed or a keyed hash;
-- phone_index and email_index find a person without opening anything, digest tells whether anything is new.
create table customer (
  id          uuid  primary key,
  key_id      uuid  not null,
  name        bytea,
  phone       bytea,
  email       bytea,
  address     bytea,
  phone_index bytea,
  email_index bytea,
  digest      bytea not null
);
create index customer_phone on customer (phone_index) where phone_index is not null;
create index customer_email on customer (email_index) where email_index is not null;

-- The customer's words when the case came in ('contact'), and ours ('answer').
create table case_text (
  case_id uuid  not null,
  part    text  not null check (part in ('contact', 'answer')),
  key_id  uuid  not null,
  body    bytea not null,
  primary key (case_id, part)
);

-- Who looked at whose data, and why. Written with every look, before the answer is given.
create table access_log (
  id          bigint      generated always as identity primary key,
  customer_id uuid        not null,
  subject     text        not null,
  actor       text        not null,
  purpose     text        not null,
  at          timestamptz not null
);
create index access_log_customer on access_log (customer_id, at);
