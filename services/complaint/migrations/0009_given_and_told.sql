-- complaint.given: what was done under earlier solutions counts with the newest one; the time by which the result of what
-- was done is to be told is asked for by an index.

-- The amounts of what was done, under the newest solution and those before it. A complaint has one currency.
create function given(state jsonb) returns jsonb
  language sql immutable strict parallel safe
  return jsonb_path_query_array(
    coalesce($1->'given', '[]'::jsonb) || coalesce($1->'solution'->'remedies', '[]'::jsonb),
    '$[*] ? (@.progress == "done" && exists (@.kind.amount)).kind.amount');

-- What a complaint was given in the end, in minor units; none of one that was withdrawn, is open, or was given no money's
-- worth. Of what is stored already, nothing was given before the newest solution, so that nothing changes.
create or replace function worth(state jsonb) returns bigint
  language sql immutable strict parallel safe
  return (select sum((amount->>'minor')::bigint)::bigint
          from jsonb_array_elements(given($1)) as amount
          where $1->'state'->>'kind' = 'closed' and $1->'state'->>'outcome' <> 'withdrawn');

-- The last instant at which the result is told in time; none where it is not owed.
create function tell_by(state jsonb) returns timestamptz
  language sql immutable strict parallel safe
  return case when $1->'state'->>'kind' = 'executed' then
    instant($1->'care'->>'executed_at')
      + nullif(($1->'facts'->'terms'->'care'->>'tell_within')::interval, interval '0') end;

drop index complaint_comparable;
alter table complaint drop column worth_currency;
alter table complaint
  add column worth_currency text        generated always as (given(state)->0->>'currency') stored,
  add column tell_by        timestamptz generated always as (tell_by(state)) stored;
create index complaint_comparable on complaint
  (judged_class, judged_severity, worth_currency, closed_at desc, id) include (worth) where worth is not null;
create index complaint_untold on complaint (tell_by, id) where tell_by is not null;
