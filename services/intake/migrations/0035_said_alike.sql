-- A mark of the words of a contact, by which the same said again is known without being read: over channels it may be the same
-- contact, and under a reference that is on record other words are a further contact.
alter table case_text add column alike bytea;
create index case_text_alike on case_text (alike) where alike is not null;
