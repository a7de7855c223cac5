create table echo (id uuid primary key, version bigint not null, hash bytea not null, state jsonb not null);
create table heard (event uuid not null, total bigint not null);
