-- Complaints whose solution was agreed to: they are being carried out, and their cases are not merged into others.
create table complaint_carried_out (
  complaint_id uuid primary key
);

-- Who of a team took the last case by turns.
create table team_turn (
  team_id uuid primary key,  -- follows from the team's name
  last    text not null
);
