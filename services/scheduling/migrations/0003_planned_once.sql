-- scheduling.planned_once: Postgres plans a function in SQL anew for each statement that calls it, and one in PL/pgSQL once a
-- session; what is generated from a state and what is checked of it calls several at every write. What they say is what they
-- said. They call no function of ours: those are not found where a dump is restored.

create or replace function instant(text) returns timestamptz
  language plpgsql immutable strict parallel safe as $$
begin return $1::timestamptz; end $$;
