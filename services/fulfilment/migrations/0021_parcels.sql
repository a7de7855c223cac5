-- Parcels the carrier says nothing of are asked for: which orders have one under way, and when each was asked for last.
create index service_order_parcels on service_order (opened_at, id)
  where tracking_numbers is not null and status in ('authorised', 'in_progress');

create table parcel_question (
  tracking_number text        primary key,
  asked_at        timestamptz not null
);
create index parcel_question_asked_at on parcel_question (asked_at);
