-- An escalation can be about a case that is no complaint: nobody answered the customer in time.
alter table escalation alter column complaint_id drop not null;

-- What no department has answered, the most urgent first.
create index department_task_waiting on department_task (answer_by, id)
  where status in ('issued', 'acknowledged', 'returned');
-- Complaints whose first investigation is not concluded.
create index complaint_uninvestigated on complaint (recorded_at) where first_investigation in ('running', 'breached');
