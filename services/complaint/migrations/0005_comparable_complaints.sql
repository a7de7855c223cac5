-- Complaints to compare a draft with: closed ones by class, severity and time.

alter table complaint
  add column judged_class    text        generated always as (state->'assessment'->>'class') stored,
  add column judged_severity bigint      generated always as ((state->'assessment'->>'severity')::bigint) stored,
  add column closed_at       timestamptz generated always as (instant(state->'state'->>'at')) stored;

create index complaint_comparable on complaint (judged_class, judged_severity, closed_at) where status = 'closed';
