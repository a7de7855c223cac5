-- Lists read a page by an index, counts read what they count, and what is held is kept. Columns that are worked out of
-- the state are filled for all rows that are stored.

-- Escalations by level, the oldest first.
alter table escalation
  add column level text generated always as (state->'matter'->>'level') stored not null;
create index escalation_level on escalation (level, raised_at, id);
create index escalation_level_status on escalation (level, status, raised_at, id);

-- The due time of the first promise to the customer, but for the first investigation, that is still owed.
create function owed_at(state jsonb) returns timestamptz
  language sql immutable strict parallel safe
  return (select min(instant(promise.value->'standing'->>'due_at'))
          from jsonb_each($1->'promises') as promises (kind, given), jsonb_each(given) as promise
          where kind <> 'first_investigation' and promise.value->'standing'->>'state' in ('running', 'breached'));

-- What a complaint was given in the end, in minor units; none of one that was withdrawn, is open, or was given no money's
-- worth. A solution has one currency.
create function worth(state jsonb) returns bigint
  language sql immutable strict parallel safe
  return (select sum((remedy->'kind'->'amount'->>'minor')::bigint)::bigint
          from jsonb_path_query($1, '$.solution.remedies[*] ? (@.progress == "done" && exists (@.kind.amount))') as remedy
          where $1->'state'->>'kind' = 'closed' and $1->'state'->>'outcome' <> 'withdrawn');

alter table complaint
  add column owed_at        timestamptz generated always as (owed_at(state)) stored,
  add column worth          bigint      generated always as (worth(state)) stored,
  add column worth_currency text        generated always as (jsonb_path_query_first(state,
    '$.solution.remedies[*] ? (@.progress == "done" && exists (@.kind.amount)).kind.amount.currency') #>> '{}') stored,
  add column held           text        generated always as
    (case when jsonb_typeof(state->'hold') = 'object' then 'held' end) stored;
create index complaint_owed on complaint (owed_at) where status <> 'closed' and owed_at is not null;
drop index complaint_comparable;
create index complaint_comparable on complaint
  (judged_class, judged_severity, worth_currency, closed_at desc, id) include (worth) where worth is not null;
create index complaint_held on complaint (held, recorded_at, id) where held is not null;

-- What the overview counts: what is open, by an index of just that …
create index complaint_open on complaint (status) where status <> 'closed';
create index escalation_open on escalation (status) where status <> 'closed';
create index department_task_open on department_task (department, expired)
  where status in ('issued', 'acknowledged', 'returned');

-- … and what has ended, which only ever grows, by a count that is kept with it. The slots keep writers apart.
create table ended (
  kind  text   not null,
  slot  int    not null,
  count bigint not null,
  primary key (kind, slot)
) with (fillfactor = 50);
insert into ended select 'complaint', 0, count(*) from complaint where status = 'closed';
insert into ended select 'escalation', 0, count(*) from escalation where status = 'closed';

create function count_ended() returns trigger language plpgsql as $$
begin
  insert into ended values (tg_table_name, pg_backend_pid() % 16, tg_argv[0]::bigint)
  on conflict (kind, slot) do update set count = ended.count + excluded.count;
  return null;
end $$;
create trigger complaint_ended after update on complaint for each row
  when (old.status <> 'closed' and new.status = 'closed') execute function count_ended(1);
create trigger complaint_reopened after update on complaint for each row
  when (old.status = 'closed' and new.status <> 'closed') execute function count_ended('-1');
create trigger complaint_new_ended after insert on complaint for each row
  when (new.status = 'closed') execute function count_ended(1);
create trigger escalation_ended after update on escalation for each row
  when (old.status <> 'closed' and new.status = 'closed') execute function count_ended(1);
create trigger escalation_new_ended after insert on escalation for each row
  when (new.status = 'closed') execute function count_ended(1);

-- Under a legal hold nothing that was written about a complaint, its tasks and its escalations is erased.
create function keep_held() returns trigger language plpgsql as $$
begin
  if exists (select from complaint where held is not null and id in (old.owner,
      (select complaint_id from department_task where id = old.owner),
      (select complaint_id from escalation where id = old.owner))) then
    raise exception 'complaint of % is under a legal hold', old.owner using errcode = 'restrict_violation';
  end if;
  if tg_op = 'DELETE' then return old; end if;
  return new;
end $$;
create trigger private_text_held before delete or update on private_text for each row execute function keep_held();
