-- How often a mail is one too many is counted by whom an answer would go to (Reply-To, else From): a form of a web page writes
-- for many customers. What goes on answering under the same subject belongs together. Both are keyed hashes.
alter table inbound_message add column answered bytea, add column thread bytea;
create index inbound_message_of_answered on inbound_message (answered, received_at) where case_id is not null;
