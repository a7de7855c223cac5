-- What stood in each version of a document (a policy, a calendar, a matrix) when this service first read it.
create table document (
  kind    text   not null,
  id      text   not null,
  version bigint not null,
  hash    text   not null,
  primary key (kind, id, version)
);
