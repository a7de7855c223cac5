-- E-mail. How far each mailbox was read, in the server's own numbers (RFC 3501: they count anew when uid_validity changes).
create table mailbox (
  source       text   primary key,
  uid_validity bigint not null,
  last_uid     bigint not null
);

-- A keyed hash of what a mail says: a mail loop says the same again and again.
alter table inbound_message add column alike bytea;
create index inbound_message_of_writer on inbound_message (conversation, received_at) where case_id is not null;
