-- What is raised about each service order, and about the answers of each case, until it is settled or over.

create table matters (
  id      uuid   primary key,
  version bigint not null,
  hash    bytea  not null,
  state   jsonb  not null
) with (fillfactor = 80);
