-- Cases about which an adviser outside is to be asked; a row goes when there is nothing more to ask.
create table advice_wanted (
  case_id uuid        primary key,
  next_at timestamptz not null,
  tries   int         not null default 0
);
create index advice_wanted_due on advice_wanted (next_at, case_id);
