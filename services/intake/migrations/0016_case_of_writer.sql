-- In a chat the next words go to the writer's last running case, which is looked for from the newest message back.
create index inbound_message_case_of_writer on inbound_message (conversation, seq) where case_id is not null;
