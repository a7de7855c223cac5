//! How fast the desk is with a chain's years of cases: a search, and a page of the queue. Takes minutes and gigabytes, so
//! it runs only when it is asked for, by `make bench-desk`.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use backbone::Checks;
use contracts::common::v1 as common;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use testkit::Stack;
use uuid::Uuid;

use super::{
    find::{self, Filter},
    index::Rows,
    texts,
    words::Question,
};
use crate::{
    app::App,
    domain::{
        case::{Case, State},
        vocabulary::{Lane, Outcome},
    },
    store::{self, Place, Whose},
    vault::{Text, text_row},
};

const CASES: usize = 1_000_000;
const PORTION: usize = 5_000;
const QUESTIONS: usize = 2_000;
/// Every so many cases one is open: as many as a chain of thousands of shops has.
const OPEN: usize = 20;
/// Words of the language that is made up here, the frequent ones first, as Zipf found it in all languages.
const WORDS: usize = 20_000;

struct Language {
    words: Vec<String>,
    chance: StdRng,
}

impl Language {
    fn new() -> Self {
        let mut chance = StdRng::seed_from_u64(7);
        let common: Vec<char> =
            ('\u{4e00}'..='\u{9fa5}').filter(|c| triage::fold::fold_char(*c) == *c).take(4_000).collect();
        let mut word = |n: usize| (0..2 + n % 3 / 2).map(|_| common[chance.random_range(0..common.len())]).collect();
        let words = (0..WORDS).map(&mut word).collect();
        Self { words, chance }
    }

    /// The n-th word is n times as rare as the first.
    fn word(&mut self) -> String {
        let rank = (WORDS as f64).powf(self.chance.random::<f64>());
        self.words[(rank as usize).min(WORDS - 1)].clone()
    }

    fn text(&mut self) -> String {
        let words = self.chance.random_range(6..30);
        (0..words).map(|n| self.word() + if n % 6 == 5 { "，" } else { "" }).collect()
    }
}

#[tokio::test]
#[ignore = "takes minutes"]
async fn a_million_cases_are_searched_in_50_ms_and_a_page_of_the_queue_read_in_20() {
    let stack = Stack::start(&[&crate::SERVICE]).await;
    let app = Arc::new(App::new(stack.node("intake").context()).unwrap());
    let template = template(&stack, &app).await;
    let mut language = Language::new();
    let began = Instant::now();
    for portion in 0..CASES / PORTION {
        fill(&app, &template, &mut language, portion).await;
    }
    println!("{CASES} cases in {:?}", began.elapsed());
    for table in ["case_search", "case_file", "case_text", "customer_key"] {
        let analyse = sqlx::AssertSqlSafe(format!("vacuum analyze {table}"));
        sqlx::query(analyse).execute(&app.pool).await.unwrap();
    }
    pages_of_the_queue(&app).await;
    for (what, deep) in [("one word, as often as it is said", 0), ("one word, each as often", 1), ("two words", 2)] {
        let mut times: Vec<_> = Vec::new();
        let mut found = 0;
        for _ in 0..QUESTIONS {
            let any = language.chance.random_range(0..WORDS);
            let words = match deep {
                0 => language.word(),
                1 => language.words[any].clone(),
                _ => format!("{} {}", language.word(), language.word()),
            };
            let question = Question::parse(&words).unwrap();
            let page = Checks::default().page(Some(&common::Page::default()), |_, _| None::<()>).unwrap().0;
            let began = Instant::now();
            let (cases, _) = find::find(&app, Some(&question), &Filter::default(), &page, None).await.unwrap();
            times.push(began.elapsed());
            found += cases.len();
        }
        assert!(found > 0, "{what}");
        hold(what, times, Duration::from_millis(50));
    }
}

/// The first pages, and each the one after it.
async fn pages_of_the_queue(app: &App) {
    let nobodys = Whose { unassigned: true, ..Whose::default() };
    for (what, whose) in [("a page of the queue", Whose::default()), ("a page of what nobody has", nobodys)] {
        let (mut times, mut token) = (Vec::new(), String::new());
        for n in 0..QUESTIONS {
            let asked = common::Page { token: std::mem::take(&mut token), ..common::Page::default() };
            let (page, after) = Checks::default().page(Some(&asked), Place::parse).unwrap();
            let began = Instant::now();
            let (cases, next) = store::queue(&app.pool, whose, &page, after, app.clock.now()).await.unwrap();
            times.push(began.elapsed());
            assert!(!cases.is_empty() && !next.is_empty(), "{what}");
            if n % 2 == 0 {
                token = next;
            }
        }
        hold(what, times, Duration::from_millis(20));
    }
}

/// Says how long it took, and fails where more than one of a hundred took longer than `mark`.
fn hold(what: &str, mut times: Vec<Duration>, mark: Duration) {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() * share / 1000).min(times.len() - 1)];
    println!("{what}: p50 {:?}, p99 {:?}, p99.9 {:?}, mark {mark:?}", at(500), at(990), at(999));
    assert!(at(990) <= mark, "{what}");
}

/// A case to make others of.
async fn template(stack: &Stack, app: &App) -> Case {
    let contact = serde_json::json!({
        "channel": "website", "customer": { "name": "Ana", "phone": "+86 138 0000 0000" }, "content": "What time?" });
    let url = format!("{}/v1/cases", stack.base_url("intake"));
    let reply = testkit::http().post(url).json(&contact).send().await.unwrap();
    let view: serde_json::Value = reply.json().await.unwrap();
    crate::store::case(&app.pool, view["case_id"].as_str().unwrap().parse().unwrap()).await.unwrap().2
}

/// Stores cases as the door does, and takes them into the index as it does itself.
async fn fill(app: &App, template: &Case, language: &mut Language, portion: usize) {
    let (mut rows, mut side) = (Rows::default(), Vec::new());
    let (mut ids, mut states) = (Vec::new(), Vec::new());
    for n in 0..PORTION {
        let (id, customer) = (Uuid::new_v4(), Uuid::new_v4());
        let mut case = template.clone();
        let facts = case.facts.as_mut().unwrap();
        (facts.case_id, facts.customer_id) = (id, customer);
        let age = Duration::from_secs(((CASES - portion * PORTION - n) * 60) as u64);
        facts.recorded_at = facts.recorded_at.checked_sub(age).unwrap();
        facts.priority.score = [0, 0, 0, 150, 200, 300, 500][language.chance.random_range(0..7)];
        facts.lane = if language.chance.random_ratio(1, 50) { Lane::Health } else { Lane::Standard };
        if n % OPEN != 0 {
            case.state = State::Closed { outcome: Outcome::Answered, at: facts.recorded_at };
        }
        let text = language.text();
        let key = app.master.new_key(customer).unwrap();
        let words = serde_json::to_string(&Text { content: text.clone(), ..Text::default() }).unwrap();
        side.push(text_row(&key, id, "contact", &words).unwrap());
        states.push(serde_json::to_string(&case).unwrap());
        rows.push(app, id, &case, texts::Readable { key_id: Some(key.id), texts: vec![text] });
        ids.push(id);
    }
    let mut tx = app.pool.begin().await.unwrap();
    let files = "insert into case_file (id, version, hash, state) select id, 1, '\\x00', state::jsonb
                 from unnest($1::uuid[], $2::text[]) as g(id, state)";
    sqlx::query(files).bind(ids).bind(states).execute(&mut *tx).await.unwrap();
    backbone::row::write(&mut tx, &side).await.unwrap();
    rows.keep(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
}
