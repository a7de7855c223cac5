-- complaint.planned_once: Postgres plans a function in SQL anew for each statement that calls it, and one in PL/pgSQL once a
-- session; what is generated from a state and what is checked of it calls several at every write. What they say is what they
-- said. They call no function of ours: those are not found where a dump is restored.

create or replace function instant(text) returns timestamptz
  language plpgsql immutable strict parallel safe as $$
begin return $1::timestamptz; end $$;

create or replace function given(state jsonb) returns jsonb
  language plpgsql immutable strict parallel safe as $$
begin
  return jsonb_path_query_array(
    coalesce($1->'given', '[]'::jsonb) || coalesce($1->'solution'->'remedies', '[]'::jsonb),
    '$[*] ? (@.progress == "done" && exists (@.kind.amount)).kind.amount');
end $$;

create or replace function worth(state jsonb) returns bigint
  language plpgsql immutable strict parallel safe as $$
begin
  return (select sum((amount->>'minor')::bigint)::bigint
          from jsonb_array_elements(jsonb_path_query_array(
              coalesce($1->'given', '[]'::jsonb) || coalesce($1->'solution'->'remedies', '[]'::jsonb),
              '$[*] ? (@.progress == "done" && exists (@.kind.amount)).kind.amount')) as amount
          where $1->'state'->>'kind' = 'closed' and $1->'state'->>'outcome' <> 'withdrawn');
end $$;

create or replace function owed_at(state jsonb) returns timestamptz
  language plpgsql immutable strict parallel safe as $$
begin
  return (select min((promise.value->'standing'->>'due_at')::timestamptz)
          from jsonb_each($1->'promises') as promises (kind, given), jsonb_each(given) as promise
          where kind <> 'first_investigation' and promise.value->'standing'->>'state' in ('running', 'breached'));
end $$;

create or replace function offer_answer_by(state jsonb) returns timestamptz
  language plpgsql immutable strict parallel safe as $$
begin
  return case when $1->'state'->>'kind' = 'offered' and not ($1->'care'->'awaited'->>'unread')::boolean then
    ($1->'care'->'awaited'->>'answer_by')::timestamptz end;
end $$;

create or replace function read_by(state jsonb) returns timestamptz
  language plpgsql immutable strict parallel safe as $$
begin
  return case when ($1->'care'->'awaited'->>'unread')::boolean
      and ($1->'state'->>'kind' in ('offered', 'satisfaction_check') or $1->'state'->>'outcome' = 'unconfirmed') then
    ($1->'care'->'awaited'->>'wrote_at')::timestamptz
      + coalesce(($1->'facts'->'terms'->'care'->>'read_within')::interval, interval '0') end;
end $$;

create or replace function tell_by(state jsonb) returns timestamptz
  language plpgsql immutable strict parallel safe as $$
begin
  return case when $1->'state'->>'kind' = 'executed' then
    ($1->'care'->>'executed_at')::timestamptz
      + nullif(($1->'facts'->'terms'->'care'->>'tell_within')::interval, interval '0') end;
end $$;

create or replace function approve_by(state jsonb) returns timestamptz
  language plpgsql immutable strict parallel safe as $$
begin
  return case
    when $1->'state'->>'kind' in ('in_approval', 'solution_drafted')
     and $1->'solution'->'approval'->>'state' in ('requested', 'expired')
    then ($1->'solution'->'approval'->>'due')::timestamptz end;
end $$;
