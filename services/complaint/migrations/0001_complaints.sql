-- Complaints, the tasks of departments, escalations, and what people wrote about them.

-- Reads an instant written by this service (RFC 3339 in UTC). The cast itself is only "stable", because it depends on the
-- session's zone for instants that name none; ours always do.
create function instant(text) returns timestamptz
  language sql immutable strict parallel safe
  return $1::timestamptz;

create table complaint (
  id                  uuid   primary key,
  version             bigint not null,
  hash                bytea  not null,
  state               jsonb  not null,
  status              text        generated always as (state->'state'->>'kind') stored not null,
  recorded_at         timestamptz generated always as (instant(state->'facts'->>'recorded_at')) stored not null,
  first_investigation text        generated always as (state->>'first_investigation') stored not null
) with (fillfactor = 80);

-- Lists, oldest first; counts by state.
create index complaint_status on complaint (status, recorded_at, id);
create index complaint_recorded on complaint (recorded_at, id);
-- Complaints whose first investigation is late and not concluded.
create index complaint_late on complaint (recorded_at) where first_investigation = 'breached';

create table department_task (
  id           uuid   primary key,
  version      bigint not null,
  hash         bytea  not null,
  state        jsonb  not null,
  status       text        generated always as (state->'state'->>'kind') stored not null,
  complaint_id uuid        generated always as ((state->'brief'->>'complaint_id')::uuid) stored not null,
  department   text        generated always as (state->'brief'->'desk'->>'department') stored not null,
  answer_by    timestamptz generated always as (instant(state->>'answer_by')) stored not null,
  expired      boolean     generated always as ((state->>'expired')::boolean) stored not null
) with (fillfactor = 80);

-- A department's list in one state, the most urgent first.
create index department_task_list on department_task (department, status, answer_by, id);
create index department_task_due on department_task (answer_by, id);
create index department_task_complaint on department_task (complaint_id);

create table escalation (
  id           uuid   primary key,
  version      bigint not null,
  hash         bytea  not null,
  state        jsonb  not null,
  status       text        generated always as (state->'state'->>'kind') stored not null,
  complaint_id uuid        generated always as ((state->'matter'->>'complaint_id')::uuid) stored not null,
  raised_at    timestamptz generated always as (instant(state->>'raised_at')) stored not null
) with (fillfactor = 80);

create index escalation_status on escalation (status, raised_at, id);
create index escalation_raised on escalation (raised_at, id);
create index escalation_complaint on escalation (complaint_id);

-- The words of customers and staff: never in the journal, in events or in logs.
create table private_text (
  id         bigint generated always as identity primary key,
  owner      uuid        not null,
  field      text        not null,
  body       text        not null,
  written_by text        not null,
  written_at timestamptz not null
);
create index private_text_owner on private_text (owner, id);
