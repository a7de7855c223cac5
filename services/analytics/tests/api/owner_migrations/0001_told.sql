create table told (id uuid primary key, version bigint not null, hash bytea not null, state jsonb not null);
