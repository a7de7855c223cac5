-- complaint.promises: what a complaint is promised stands in one place, as the kernel writes promises. What was stored before
-- is written anew: the first investigation with the verdict it had, the silence that was being watched, and its terms.
drop index complaint_late;
drop index complaint_uninvestigated;
alter table complaint drop column first_investigation;

-- The first event of a type of a complaint, as a fact; where there is none, when it was recorded.
create function first_fact(complaint uuid, type text, otherwise text) returns text
  language sql stable
  return coalesce(
    (select to_char(min(occurred_at) at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') from journal
     where aggregate_id = $1 and journal.type = $2), $3);

update complaint set state = jsonb_set(state - 'first_investigation', '{promises}', jsonb_build_object(
  'first_investigation', jsonb_build_object(state->'facts'->>'recorded_at', jsonb_strip_nulls(jsonb_build_object(
    'started_at', state->'facts'->'recorded_at',
    'reply', false,
    'terms', jsonb_build_object('target', state->'facts'->'terms'->'investigate_within'),
    'standing', jsonb_build_object(
      'state', state->'first_investigation',
      'due_at', to_char(
        (instant(state->'facts'->>'recorded_at') + (state->'facts'->'terms'->>'investigate_within')::interval)
          at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
      'end', case
        when state->>'first_investigation' in ('met', 'met_late') then jsonb_build_object(
          'at', first_fact(id, 'aftercare.complaint.v1.InvestigationConcluded', state->'facts'->>'recorded_at'),
          'how', 'met')
        when state->>'first_investigation' like 'cancelled%' then jsonb_build_object(
          'at', first_fact(id, 'aftercare.complaint.v1.ComplaintClosed', state->'facts'->>'recorded_at'),
          'how', jsonb_build_object('cancelled', 'closed'))
      end))))));
drop function first_fact(uuid, text, text);

update complaint set state = jsonb_set(state, '{facts,terms,silence}',
  jsonb_build_object('target', state->'facts'->'terms'->'care'->'silence_max'))
where (state->'facts'->'terms'->'care'->>'silence_max')::interval > interval '0';

update complaint set state = jsonb_set(state, '{promises,progress_silence}', jsonb_build_object(
  state->'care'->>'heard_at', jsonb_build_object(
    'started_at', state->'care'->'heard_at',
    'reply', false,
    'terms', state->'facts'->'terms'->'silence',
    'standing', jsonb_build_object(
      'state', case when (state->'care'->>'silence_noted')::boolean then 'breached' else 'running' end,
      'due_at', to_char(
        (instant(state->'care'->>'heard_at') + (state->'facts'->'terms'->'silence'->>'target')::interval)
          at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')))))
where state->'facts'->'terms' ? 'silence' and state->'care'->>'heard_at' is not null
  and status not in ('offered', 'satisfaction_check', 'closed');

alter table complaint
  add column first_investigation text generated always as
    (jsonb_path_query_first(state, '$.promises.first_investigation.*.standing.state') #>> '{}') stored,
  add column investigate_by timestamptz generated always as
    (instant(jsonb_path_query_first(state, '$.promises.first_investigation.*.standing.due_at') #>> '{}')) stored;

-- Complaints whose first investigation is late and not concluded, or not concluded.
create index complaint_late on complaint (recorded_at) where first_investigation = 'breached';
create index complaint_uninvestigated on complaint (investigate_by, id)
  where first_investigation in ('running', 'breached');
