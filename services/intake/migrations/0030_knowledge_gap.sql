-- What customers asked our knowledge in vain, word by word: no question is kept, and nobody who asked. The word '' counts the
-- questions themselves.
create table knowledge_gap (
  day   date   not null,
  class text   not null,
  word  text   not null,
  times bigint not null,
  primary key (day, class, word)
);
