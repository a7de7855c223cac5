-- What customers were asked for: each question of a case is a row of its own, by its number.
alter table case_text drop constraint case_text_part_check;
alter table case_text add constraint case_text_part_check
  check (part in ('contact', 'answer', 'content', 'circumstances', 'expected_resolution') or part ~ '^question_[0-9]+$');
