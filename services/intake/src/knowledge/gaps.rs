//! What nobody wrote an article for: questions to our knowledge that found nothing, counted word by word and by class, and the words
//! that enquiries without an article have in common (R-ROL-13).
//! Invariants: no question is kept, nor who asked it; a word is told only where it was said so often that it is nobody's own.
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use backbone::Fault;
use contracts::common::v1::Count;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use jiff_sqlx::ToSqlx;
use uuid::Uuid;

use crate::{
    advice::redacted,
    app::App,
    domain::vocabulary::CaseClass,
    search::{self, grams},
};

/// A word that was said less often is told to nobody.
const OFTEN: i64 = 3;
/// So many words are told.
const WORDS_MAX: i64 = 50;
/// Of one question so many words count, none of them longer than this.
const WORDS_OF_ONE: usize = 30;
const LONGEST: usize = 40;
/// So many wait to be stored, and so many are stored for a day: whoever asks nonsense all day long fills nothing.
const WAITING_MAX: usize = 5_000;
const A_DAY_MAX: i64 = 20_000;

/// Counts that are not stored yet. Whoever dies with them loses some seconds of counting, and no more.
#[derive(Debug, Default)]
pub struct Gaps(Mutex<BTreeMap<(Date, &'static str, String), i64>>);

impl Gaps {
    /// A question of this class found no article.
    pub fn note(&self, question: &str, class: CaseClass, now: Timestamp) {
        let day = now.to_zoned(TimeZone::UTC).date();
        let words = words(&redacted(question, &[])).into_iter().take(WORDS_OF_ONE);
        let Ok(mut waiting) = self.0.lock() else { return };
        for word in std::iter::once(String::new()).chain(words) {
            if waiting.len() < WAITING_MAX || waiting.contains_key(&(day, class.word(), word.clone())) {
                *waiting.entry((day, class.word(), word)).or_default() += 1;
            }
        }
    }
}

/// The words of a text that say nothing of a person: without numbers.
fn words(text: &str) -> BTreeSet<String> {
    let mut words = grams(text);
    words.retain(|word| word.chars().count() <= LONGEST && !word.chars().any(char::is_numeric));
    words
}

/// Stores what waits; says how many counts that were.
pub async fn store_once(app: &Arc<App>) -> Result<usize, Fault> {
    let waiting = app.gaps.0.lock().map(|mut waiting| std::mem::take(&mut *waiting)).unwrap_or_default();
    if waiting.is_empty() {
        return Ok(0);
    }
    let (mut days, mut classes, mut words, mut times) = (vec![], vec![], vec![], vec![]);
    for ((day, class, word), count) in &waiting {
        days.push(day.to_sqlx());
        classes.push(*class);
        words.push(word.as_str());
        times.push(*count);
    }
    sqlx::query(
        "-- knowledge_gap.count
         insert into knowledge_gap as g (day, class, word, times)
         select * from unnest($1::date[], $2::text[], $3::text[], $4::bigint[]) as n(day, class, word, times)
         where (select count(*) from knowledge_gap where day = n.day) < $5
         on conflict (day, class, word) do update set times = g.times + excluded.times",
    )
    .bind(days)
    .bind(classes)
    .bind(words)
    .bind(times)
    .bind(A_DAY_MAX)
    .execute(&app.pool)
    .await?;
    Ok(waiting.len())
}

/// What was asked in vain between two instants, by whole days.
pub struct Asked {
    /// Questions by class.
    pub classes: Vec<Count>,
    /// The words of them, the most frequent first.
    pub words: Vec<Count>,
}

/// Counts what was asked in vain.
pub async fn asked(app: &App, from: Timestamp, before: Timestamp) -> Result<Asked, Fault> {
    let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).date().to_sqlx();
    let classes: Vec<(String, i64)> = sqlx::query_as(
        "-- knowledge_gap.classes
         select class, sum(times)::bigint from knowledge_gap where day between $1 and $2 and word = ''
         group by class order by 2 desc, 1",
    )
    .bind(day(from))
    .bind(day(before))
    .fetch_all(&app.pool)
    .await?;
    let words: Vec<(String, i64)> = sqlx::query_as(
        "-- knowledge_gap.words
         select word, sum(times)::bigint from knowledge_gap where day between $1 and $2 and word <> ''
         group by word having sum(times) >= $3 order by 2 desc, 1 limit $4",
    )
    .bind(day(from))
    .bind(day(before))
    .bind(OFTEN)
    .bind(WORDS_MAX)
    .fetch_all(&app.pool)
    .await?;
    Ok(Asked { classes: counts(classes), words: counts(words) })
}

/// The words that several of these cases have in common, the most frequent first. The cases are read as the index of searching
/// reads them, and nothing of one alone is told.
pub async fn shared_words(app: &App, cases: &[(Uuid, Uuid)]) -> Result<Vec<Count>, Fault> {
    let mut connection = app.pool.acquire().await?;
    let read = search::texts(&mut connection, &app.master, cases).await?;
    let mut times: BTreeMap<String, i64> = BTreeMap::new();
    for readable in read.values() {
        for word in words(&readable.texts.join("\n")) {
            *times.entry(word).or_default() += 1;
        }
    }
    let mut shared: Vec<(String, i64)> = times.into_iter().filter(|(_, times)| *times >= OFTEN).collect();
    shared.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    shared.truncate(usize::try_from(WORDS_MAX).unwrap_or(usize::MAX));
    Ok(counts(shared))
}

fn counts(rows: Vec<(String, i64)>) -> Vec<Count> {
    rows.into_iter().map(|(key, count)| Count { key, count: count.unsigned_abs() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_counted_without_who_asked_it() {
        let gaps = Gaps::default();
        let at = Timestamp::UNIX_EPOCH;
        gaps.note("My name is Ana Lima, 13800000000: do you hire?", CaseClass::Enquiry, at);
        gaps.note("do you hire 3 people", CaseClass::Enquiry, at);
        let waiting = gaps.0.lock().map(|waiting| waiting.clone()).unwrap_or_default();
        let times = |word: &str| {
            let found = waiting.iter().find(|((_, class, known), _)| (*class, known.as_str()) == ("enquiry", word));
            found.map(|(_, times)| *times)
        };
        assert_eq!((times(""), times("hire"), times("people")), (Some(2), Some(2), Some(1)));
        assert!(waiting.keys().all(|(_, _, word)| !word.contains(['1', '3']) && word != "lima"), "{waiting:?}");
    }
}
