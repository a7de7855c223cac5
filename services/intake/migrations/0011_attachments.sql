-- Files that come with contacts. Each is sealed with a key of its own: while it waits for its contact that key lies under
-- the master key (wrapped), then under a key of the customer's (handed), and goes with it.
create table attachment (
  id          uuid        primary key,
  case_id     uuid,
  customer_id uuid,
  key_id      uuid,
  own_key_id  uuid        not null,
  wrapped     bytea,
  handed      bytea,
  name        bytea       not null,  -- sealed
  media_type  text        not null,
  size        bigint      not null,
  sha256      bytea       not null,
  received_at timestamptz not null,
  foreign key (customer_id, key_id) references customer_key on delete cascade,
  check (num_nulls(case_id, customer_id, key_id, handed) = case when wrapped is null then 0 else 4 end)
);
create index attachment_case on attachment (case_id) where case_id is not null;
create index attachment_key on attachment (customer_id, key_id) where key_id is not null;
create index attachment_waiting on attachment (received_at) where case_id is null;

-- What they hold, sealed; outside the row, so that a list of them reads none of it.
create table attachment_body (
  id   uuid  primary key references attachment on delete cascade,
  body bytea not null
);
alter table attachment_body alter column body set storage external;

-- What the customer said of the article that was offered is a part of its own.
alter table case_text drop constraint if exists case_text_part_check;
alter table case_text add constraint case_text_part_check check (part ~ '^[a-z]+(_[a-z0-9-]+)*$');

-- Filters that people (staff:ana) and teams (team:west) keep under a name.
create table saved_view (
  id     uuid  primary key,  -- follows from owner and name
  owner  text  not null,
  name   text  not null,
  filter bytea not null      -- CaseFilter of the contract
);
create index saved_view_owner on saved_view (owner, name);
