-- What the analysis of complaints reads in an event, and the analyses themselves.
alter table fact
  -- a cause, a class, a product and its batch, a department, a store: words of closed lists or ids, never free text
  add column code              text,
  add column class             text,
  add column product_id        text,
  add column batch             text,
  add column department        text,
  add column store             text,
  -- what else it is about: the purchase of a complaint, the complaint of a task, the finding of a proposal
  add column about             uuid,
  -- the number of an offer, the level of an escalation, 1 of a recurrence, complaints after a release
  add column number            bigint,
  -- what the number is held against: complaints before the release
  add column base              bigint,
  add column to_acknowledge_s  bigint,
  add column to_answer_s       bigint;

create index fact_store on fact (aggregate_id) where store is not null;
create index fact_class on fact (aggregate_id, version) where class is not null;

-- Reads an instant written by this service (RFC 3339 in UTC); ours always name their zone.
create function instant(text) returns timestamptz
  language sql immutable strict parallel safe
  return $1::timestamptz;

-- Complaints of a week or a month, frozen when they were analysed.
create table complaint_analysis (
  id         uuid   primary key,
  version    bigint not null,
  hash       bytea  not null,
  state      jsonb  not null,
  span       text        generated always as (state->>'span') stored not null,
  first_day  text        generated always as (state->>'first_day') stored not null,
  starts_at  timestamptz generated always as (instant(state->>'from')) stored not null
);
create index complaint_analysis_span on complaint_analysis (span, first_day);
create index complaint_analysis_newest on complaint_analysis (starts_at desc, id desc);
