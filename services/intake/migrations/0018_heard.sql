-- A keyed hash of all a mail is: its words, its files and the mail it answers. What is this again brings nothing; what only
-- says the same (alike) goes to the same case.
alter table inbound_message add column whole bytea;

-- Who looked at a message in quarantine and had it tried again.
alter table inbound_message add column retried_by text;

-- How many messages are kept beside a case as duplicates.
create index inbound_message_duplicates on inbound_message (case_id) where state = 'duplicate' and case_id is not null;

-- Who looked at a message in quarantine: whose it is may not be known.
alter table access_log alter column customer_id drop not null;
