-- Deliveries are told apart by their receiver, which is the department; whoever still writes one of the two names, the
-- service before this or the one after it, is read by both.
alter table webhook_delivery alter column department drop not null, add column receiver text;
update webhook_delivery set receiver = department;
alter table webhook_delivery alter column receiver set default '', alter column receiver set not null;

create function webhook_receiver() returns trigger
  language plpgsql as $$
begin
  new.receiver := coalesce(nullif(new.receiver, ''), new.department);
  new.department := new.receiver;
  return new;
end
$$;
create trigger webhook_receiver before insert on webhook_delivery for each row execute function webhook_receiver();

create index webhook_receiver_waiting on webhook_delivery (receiver, seq) where failed_at is null;
create index webhook_receiver_failed on webhook_delivery (receiver) where failed_at is not null;
