-- Complaints whose solution was agreed to: they are being carried out, and their cases are not merged into others.
create table complaint_carried_out (
  complaint_id uuid primary key
);
