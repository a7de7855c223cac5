-- Answers that go back over the channel. A case of a complaint is found by the complaint's id: what others write about it is
-- about the case.
alter table case_file
  add column complaint_id uuid generated always as ((state->'facts'->>'complaint_id')::uuid) stored;
create index case_file_complaint on case_file (complaint_id) where complaint_id is not null;

-- The mails we wrote, by the id that stands in their Message-ID: what answers one goes to its case.
create table sent_message (
  message_id uuid primary key,
  case_id    uuid not null
);

-- What the customer said last to a case on a channel of a form of its own, and so where an answer goes.
create index inbound_message_of_case on inbound_message (case_id, seq) where state = 'taken_in' and body is not null;
