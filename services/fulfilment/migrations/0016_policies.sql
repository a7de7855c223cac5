-- The versions of the policy of returns: what each says, who proposed and who approved it, and which one decides.
create table policy_book (
  id      uuid   primary key,
  version bigint not null,
  hash    bytea  not null,
  state   jsonb  not null,
  -- No version decides that nobody approved but the one this system began with, nor one its proposer approved himself.
  constraint approved_by_another check (
    not jsonb_path_exists(state, '$.versions[*] ? (@.proposed != null && @.approved != null && @.proposed.by == @.approved.by)')
  )
) with (fillfactor = 80);
