-- complaint.awaited: an offer is answered within a time, and what a customer writes about an offer or a result is read within
-- one; both are asked for by an index.

-- The last instant at which the offer is answered in time; none where no time is set, or once he wrote, until that is read.
create function offer_answer_by(state jsonb) returns timestamptz
  language sql immutable strict parallel safe
  return case when $1->'state'->>'kind' = 'offered' and not ($1->'care'->'awaited'->>'unread')::boolean then
    instant($1->'care'->'awaited'->>'answer_by') end;

-- The last instant at which what he wrote is read in time; none where nothing waits to be read.
create function read_by(state jsonb) returns timestamptz
  language sql immutable strict parallel safe
  return case when ($1->'care'->'awaited'->>'unread')::boolean
      and ($1->'state'->>'kind' in ('offered', 'satisfaction_check') or $1->'state'->>'outcome' = 'unconfirmed') then
    instant($1->'care'->'awaited'->>'wrote_at')
      + coalesce(($1->'facts'->'terms'->'care'->>'read_within')::interval, interval '0') end;

alter table complaint
  add column offer_answer_by timestamptz generated always as (offer_answer_by(state)) stored,
  add column read_by         timestamptz generated always as (read_by(state)) stored;
create index complaint_unanswered on complaint (offer_answer_by, id) where offer_answer_by is not null;
create index complaint_unread on complaint (read_by, id) where read_by is not null;
