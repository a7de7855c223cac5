-- Finding cases by their words, which are sealed. A word is a number here that only the master key can work out (a keyed
-- hash); the numbers of a case are a sorted set, so neither order nor count of its words is told. The row goes with the
-- key that opens the words: to forget a customer is to forget what he is found by.
create table case_search (
  case_id     uuid   primary key,
  recorded_at bigint not null,  -- microseconds since 1970
  customer_id uuid   not null,
  key_id      uuid,             -- null where no word of the case can be read
  tokens      int[]  not null,
  foreign key (customer_id, key_id) references customer_key on delete cascade
);
create index case_search_newest on case_search (recorded_at, case_id);
create index case_search_key on case_search (customer_id, key_id);
-- What was written last is read one by one until it is merged: at most a megabyte of it.
create index case_search_tokens on case_search using gin (tokens) with (gin_pending_list_limit = 1024);

-- How far the journal was read into it.
create table case_search_mark (
  one boolean primary key default true check (one),
  seq bigint  not null default 0
);
insert into case_search_mark default values;
