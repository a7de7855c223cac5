-- How far complaint is with a complaint, as its events tell it, for the customer's status page: a step, and what was offered
-- last (kinds and worths). No words of anybody.
create table case_progress (
  complaint_id uuid        primary key,
  step         text        not null,
  offer        text,
  at           timestamptz not null
);

-- Cases of the last months, for what was kept of the promises. They lie in the order they came, so blocks are enough.
create index case_file_recorded on case_file using brin (((state->'facts'->>'recorded_at')::bigint));
