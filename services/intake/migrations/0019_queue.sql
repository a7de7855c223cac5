-- A page of the queue is read in order: by status and lane, and in these by what does not change with time any more.
drop index case_file_queue;
create index case_file_queue on case_file (status, lane, (-score), respond_by, id);
