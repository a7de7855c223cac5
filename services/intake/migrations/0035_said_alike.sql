-- A mark of the words of a contact, by which the same said again is known without being read: over channels it may be the same
-- contact, and under a reference that is on record other words are a further contact. It goes with the customer's keys.
alter table case_text add column alike bytea;

create function forget_what_was_said() returns trigger language plpgsql as $$
begin
  update case_text set alike = null
  where alike is not null and case_id in (select id from case_file where customer_id = old.customer_id);
  return null;
end $$;
create trigger forget_what_was_said after delete on customer_key
  for each row execute function forget_what_was_said();
