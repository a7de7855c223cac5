-- How often each customer, known by pseudonym, has contacted us lately: a few instants a row.

create table customer_contacts (
  id      uuid   primary key,
  version bigint not null,
  hash    bytea  not null,
  state   jsonb  not null
) with (fillfactor = 80);
