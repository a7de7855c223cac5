-- How often the links to the status page of a case were revoked: one that was given before shows nothing any more. Who did it and why
-- stands in access_log.
create table status_link_revoked (
  case_id uuid    primary key,
  times   integer not null
);
