-- Follow-ups of purchases whose base data are flagged, nearest window end first.
alter table follow_up add column flagged boolean
  generated always as (coalesce(jsonb_array_length(state->'obligation'->'flaws'), 0) > 0) stored not null;
create index follow_up_flagged on follow_up (status, window_end, id) where flagged;
