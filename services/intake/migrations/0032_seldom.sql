-- What is seldom in the queue is read by indexes of its own, in the queue's order: what a person should say the class of, and what was
-- answered in words that did not reach the customer. The words are those of the statement (src/store/queue.rs).
create index case_file_unsure on case_file (status, lane, (-score), respond_by, id)
  where state->'facts'->>'complaint_id' is null and state->'facts'->>'class_source' ~ '^default|unsure\)$';
create index case_file_undelivered on case_file (status, lane, (-score), respond_by, id)
  where coalesce((state->>'undelivered')::boolean, false);
