-- The channel a contact came by, a word of a closed list: how late contacts are put on record is told by it (R-INT-04).
alter table fact add column channel text;
