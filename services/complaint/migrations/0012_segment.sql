-- complaint.segment: complaints of customers of a segment are listed by an index, the oldest first; of others none is written.
alter table complaint
  add column segment text generated always as (case when (state->'facts'->>'vip')::boolean then 'vip' end) stored;
create index complaint_segment on complaint (segment, recorded_at, id) where segment is not null;
create index complaint_segment_status on complaint (segment, status, recorded_at, id) where segment is not null;
