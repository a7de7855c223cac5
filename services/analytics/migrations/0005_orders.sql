-- Whether more was asked of a customer for an order than may be (1, 0; nothing where no ceiling says so), and the policy of
-- the ceilings with its version.
alter table fact
  add column exceeded bigint check (exceeded in (0, 1)),
  add column policy   text;

-- One event tells of several postings: amounts on accounts of costs, below nothing incomes, and whom they lie with.
create table cost (
  event_id    uuid not null references fact on delete cascade,
  place       bigint not null,
  account     text not null,
  minor       bigint not null,
  currency    text not null check (currency ~ '^[A-Z]{3}$'),
  cause       text,
  department  text,
  supplier    text,
  batch       text,
  primary key (event_id, place)
);
