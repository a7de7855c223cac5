-- Orders are found by the tracking numbers of their parcels: those that go out and those that come back.
alter table service_order add column tracking_numbers jsonb generated always as (
  case when state->'request' ? 'replacements' or state->'request' ? 'label' then nullif(
    jsonb_path_query_array(state, '$.request.replacements[*].parcel.tracking_number')
      || jsonb_path_query_array(state, '$.request.label.tracking_number'),
    '[]'::jsonb)
  end
) stored;
create index service_order_tracking_numbers on service_order using gin (tracking_numbers)
  where tracking_numbers is not null;
