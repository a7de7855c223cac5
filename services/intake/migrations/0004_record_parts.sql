-- Words added to a case later (R-CMP-01): each part of the record is a row of its own, named by its word.
alter table case_text drop constraint case_text_part_check;
alter table case_text add constraint case_text_part_check
  check (part in ('contact', 'answer', 'content', 'circumstances', 'expected_resolution'));
