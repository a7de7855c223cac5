-- complaint.everything_late: what else can be late is asked for by indexes of just that: answers of departments that
-- nobody judged, approvals, what authorities want, measures, and suggestions.

-- The last instant at which the present approval of a solution is in time; none where it is not waited for, or its draft
-- was submitted again or replaced.
create function approve_by(state jsonb) returns timestamptz
  language sql immutable strict parallel safe
  return case
    when $1->'state'->>'kind' in ('in_approval', 'solution_drafted')
     and $1->'solution'->'approval'->>'state' in ('requested', 'expired')
    then instant($1->'solution'->'approval'->>'due') end;

alter table complaint
  add column approve_by timestamptz generated always as (approve_by(state)) stored,
  add column report_by  timestamptz generated always as (instant(state->'hold'->'regulator'->>'report_by')) stored;
create index complaint_unapproved on complaint (approve_by, id) where approve_by is not null;
create index complaint_unreported on complaint (report_by, id) where report_by is not null;

alter table department_task
  add column judge_by timestamptz generated always as (instant(state->'judging'->>'by')) stored;
create index department_task_unjudged on department_task (judge_by, id) where judge_by is not null;

alter table improvement_action
  add column due_by timestamptz generated always as (instant(state->>'due_by')) stored;
create index improvement_action_unreleased on improvement_action (due_by, id)
  where status in ('proposed', 'accepted', 'in_work');

alter table suggestion
  add column decide_by timestamptz generated always as (instant(state->'evaluation'->>'decide_by')) stored,
  add column owed_at   timestamptz generated always as (owed_at(state)) stored;
create index suggestion_undecided on suggestion (decide_by, id) where status = 'in_evaluation' and decide_by is not null;
create index suggestion_owed on suggestion (owed_at, id) where owed_at is not null and status not in ('merged', 'informed');

-- An answer to a complaint that is closed by now is not sent back for another one.
update department_task set state = jsonb_set(state, '{closed}', 'true')
where status = 'answered' and complaint_id in (select id from complaint where status = 'closed');
