//! Articles of knowledge: files in a folder, one an article, the facts in TOML between two lines of `+++`, then the words.
//! Only what is approved is shown to customers. A question is matched by the words it shares with those an article
//! answers; words that many articles share count less.
use std::{
    collections::{BTreeSet, HashMap},
    path::Path,
};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use crate::{domain::knowledge::Article as Reference, search::grams};

/// A question of a customer is answered by an article that was written for so much of it; found by less.
const ANSWERED: f64 = 0.6;
const FOUND: f64 = 0.3;
/// A text says nothing else than a question where so much of it is in that.
const ALONE: f64 = 0.5;
/// Who says one of these tells of a matter of his own, whatever he asks besides.
const OWN: [&str; 31] = [
    "我的",
    "我买",
    "我们的",
    "没收到",
    "还没",
    "至今",
    "订单",
    "投诉",
    "漏",
    "破",
    "坏",
    "碎",
    "裂",
    "开胶",
    "掉色",
    "少了",
    "错",
    "my ",
    "mine",
    "i bought",
    "i ordered",
    "still",
    "broke",
    "leak",
    "wrong",
    "damaged",
    "missing",
    "defect",
    "crack",
    "torn",
    "stain",
];
/// The most articles found.
const FOUND_MAX: usize = 5;

/// Who an article is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// And agents.
    Customers,
    Agents,
}

/// How far an article has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Draft,
    Approved,
    Retired,
}

/// An article as it is written down.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Article {
    /// Small letters, digits, `-` and `_`; stays the same for ever.
    pub id: String,
    /// Raised with every change of what it says.
    pub version: u32,
    pub title: String,
    status: Status,
    pub audience: Audience,
    /// The product or the category it is about; about everything when there is neither.
    #[serde(default)]
    pub product: Option<String>,
    #[serde(default)]
    pub category: Option<String>,
    /// The questions it answers, as people ask them.
    pub questions: Vec<String>,
    /// Words it should be found by besides.
    #[serde(default)]
    words: Vec<String>,
    /// Allergies, use in special periods and the like: the reader is shown the way to a consultation.
    #[serde(default)]
    pub sensitive: bool,
    /// That way.
    #[serde(default)]
    pub consultation: Option<String>,
    /// What it says.
    #[serde(skip)]
    pub answer: String,
}

impl Article {
    /// What a customer is told of it, in a chat.
    pub fn told(&self, person: Option<&str>) -> String {
        let more = [self.consultation.as_deref(), person].into_iter().flatten();
        let all = [self.title.as_str(), self.answer.trim()].into_iter().chain(more);
        all.collect::<Vec<_>>().join("\n\n")
    }

    /// The article by its id and version.
    pub fn reference(&self) -> Reference {
        Reference { id: self.id.clone(), version: self.version }
    }

    fn is_for(&self, audience: Audience) -> bool {
        self.status == Status::Approved && (audience == Audience::Agents || self.audience == Audience::Customers)
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let rest = text.trim_start().strip_prefix("+++").context("it must begin with a line +++ and its facts")?;
        let (facts, answer) = rest.split_once("\n+++").context("its facts must end with a line +++")?;
        let article = Self { answer: answer.trim().to_owned(), ..toml::from_str(facts)? };
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        ensure!(
            (1..=60).contains(&article.id.len()) && article.id.chars().all(plain),
            "id must be 1 to 60 of a-z 0-9 - _"
        );
        ensure!(article.version > 0, "version must be 1 or more");
        ensure!(
            (1..=8_000).contains(&article.answer.chars().count()),
            "it must say something, at most 8000 characters"
        );
        let sound = |question: &String| !grams(question).is_empty() && question.chars().count() <= 200;
        ensure!(article.questions.iter().all(sound), "questions must be words, at most 200 characters each");
        ensure!(!article.questions.is_empty(), "questions must name what it answers");
        let led = article.consultation.as_deref().is_some_and(|way| !way.trim().is_empty());
        ensure!(led || !article.sensitive, "it is sensitive: consultation must say where a person is asked (R-INT-19)");
        Ok(article)
    }
}

/// All articles, ready to be asked.
#[derive(Debug, Default)]
pub struct Knowledge {
    articles: Vec<(Article, Vec<BTreeSet<String>>)>,
    /// The articles whose questions have a gram, by their place.
    by_gram: HashMap<String, Vec<usize>>,
}

impl Knowledge {
    /// Reads the folder. Errors: an article that cannot be used, by its file; two of one id.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let name = || format!("section [service.knowledge]: {}", folder.display());
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .with_context(name)?
            .map(|entry| Ok(entry?.path()))
            .collect::<std::io::Result<_>>()
            .with_context(name)?;
        files.retain(|file| file.extension().is_some_and(|end| end == "md"));
        files.sort();
        let read = |file: &std::path::PathBuf| {
            let text = std::fs::read_to_string(file)?;
            Article::parse(&text)
        };
        let articles = files.iter().map(|file| read(file).with_context(|| format!("article {}", file.display())));
        Self::of(articles.collect::<anyhow::Result<_>>()?)
    }

    fn of(articles: Vec<Article>) -> anyhow::Result<Self> {
        let mut ids = BTreeSet::new();
        let twice = articles.iter().find(|article| !ids.insert(article.id.as_str()));
        ensure!(twice.is_none(), "two articles have the id {}", twice.map_or("", |article| article.id.as_str()));
        let asked = |article: &Article| article.questions.iter().map(|question| grams(question)).collect::<Vec<_>>();
        let articles: Vec<_> = articles.into_iter().map(|article| (asked(&article), article)).collect();
        let mut by_gram: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, (questions, _)) in articles.iter().enumerate() {
            let all: BTreeSet<&String> = questions.iter().flatten().collect();
            all.into_iter().for_each(|gram| by_gram.entry(gram.clone()).or_default().push(place));
        }
        Ok(Self { articles: articles.into_iter().map(|(asked, article)| (article, asked)).collect(), by_gram })
    }

    /// An article by its id, if it is for these people.
    pub fn get(&self, id: &str, audience: Audience) -> Option<&Article> {
        self.articles.iter().map(|(article, _)| article).find(|article| article.id == id && article.is_for(audience))
    }

    /// The article that answers a customer's question, where one was written for it.
    pub fn answer(&self, question: &str, product: Option<&str>) -> Option<&Article> {
        if self.articles.is_empty() {
            return None;
        }
        let asked = grams(question);
        let near: BTreeSet<usize> = asked.iter().filter_map(|gram| self.by_gram.get(gram)).flatten().copied().collect();
        let score = |questions: &[BTreeSet<String>], _: &Article| self.answered(questions, &asked);
        let best = self.ranked(near, Audience::Customers, product, score);
        best.into_iter().next().filter(|(score, _)| *score >= ANSWERED).map(|(_, article)| article)
    }

    /// The article that answers a customer's question where he says nothing else.
    pub fn answer_alone(&self, said: &str, product: Option<&str>) -> Option<&Article> {
        let lower = said.to_lowercase();
        let article = self.answer(said, product).filter(|_| !OWN.iter().any(|own| lower.contains(own)))?;
        let said = grams(said);
        let (_, questions) = self.articles.iter().find(|(one, _)| one.id == article.id)?;
        questions.iter().any(|question| self.share(&said, question) >= ALONE).then_some(article)
    }

    /// The articles that have to do with a question, the nearest first.
    pub fn find(&self, question: &str, product: Option<&str>, audience: Audience) -> Vec<&Article> {
        let asked = grams(question);
        let score = |questions: &[BTreeSet<String>], article: &Article| {
            let said = [&article.title, &article.answer].into_iter().chain(&article.words);
            let all: BTreeSet<String> =
                said.flat_map(|text| grams(text)).chain(questions.iter().flatten().cloned()).collect();
            self.share(&asked, &all).max(self.answered(questions, &asked))
        };
        let found = self.ranked(0..self.articles.len(), audience, product, score);
        found.into_iter().filter(|(score, _)| *score >= FOUND).take(FOUND_MAX).map(|(_, article)| article).collect()
    }

    /// Of these places, those that are for these people and about this product or all, the best first.
    fn ranked(
        &self,
        places: impl IntoIterator<Item = usize>,
        audience: Audience,
        product: Option<&str>,
        score: impl Fn(&[BTreeSet<String>], &Article) -> f64,
    ) -> Vec<(f64, &Article)> {
        let fits = |article: &Article| {
            article.is_for(audience) && article.product.as_deref().is_none_or(|about| Some(about) == product)
        };
        let of = places.into_iter().filter_map(|place| self.articles.get(place));
        let of = of.filter(|(article, _)| fits(article));
        let mut ranked: Vec<_> = of.map(|(article, questions)| (score(questions, article), article)).collect();
        // What is written for the product comes before what is written for all.
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.product.is_some().cmp(&a.1.product.is_some())));
        ranked
    }

    /// How much of one of these questions was asked.
    fn answered(&self, questions: &[BTreeSet<String>], asked: &BTreeSet<String>) -> f64 {
        questions.iter().map(|question| self.share(question, asked)).fold(0.0, f64::max)
    }

    /// How much of `of` is in `all`, the rare words counting more.
    fn share(&self, of: &BTreeSet<String>, all: &BTreeSet<String>) -> f64 {
        let weight = |gram: &String| {
            let spread = self.by_gram.get(gram).map_or(1, Vec::len);
            (1.0 + self.articles.len() as f64 / spread as f64).ln()
        };
        let whole: f64 = of.iter().map(weight).sum();
        of.intersection(all).map(weight).sum::<f64>() / whole.max(f64::MIN_POSITIVE)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn article(id: &str, more: &str, questions: &[&str], answer: &str) -> Article {
        let facts = format!("id = \"{id}\"\nversion = 1\ntitle = \"{id}\"\nquestions = {questions:?}\n");
        let status = if more.contains("status") { "" } else { "status = \"approved\"\n" };
        let audience = if more.contains("audience") { "" } else { "audience = \"customers\"\n" };
        Article::parse(&format!("+++\n{facts}{status}{audience}{more}\n+++\n{answer}")).unwrap()
    }

    fn knowledge() -> Knowledge {
        let consultation = "sensitive = true\nconsultation = \"https://shop.example/consult\"";
        Knowledge::of(vec![
            article("storage", "", &["面霜开封后要放冰箱吗", "how do I store the cream"], "阴凉处保存，不用冰箱。"),
            article("storage-p7", "product = \"p-7\"", &["面霜开封后要放冰箱吗"], "请放冰箱。"),
            article("hours", "words = [\"营业\"]", &["几点开门", "门店营业时间"], "九点到十点。"),
            article("pregnancy", consultation, &["孕妇可以用吗", "怀孕期间能用吗"], "请先咨询医生。"),
            article("inside", "audience = \"agents\"", &["补偿标准是多少"], "见表。"),
            article("draft", "status = \"draft\"", &["有没有小样"], "有。"),
        ])
        .unwrap()
    }

    #[test]
    fn r_int_08_a_question_alone_is_told_from_a_matter_that_holds_one() {
        let returns = article("returns", "", &["怎么退货", "what is your return policy"], "七天内。");
        let warranty = article("warranty", "", &["保修几年", "how long is the warranty"], "两年。");
        let knowledge = Knowledge::of(vec![returns, warranty]).unwrap();
        let alone = |said| knowledge.answer_alone(said, None).map(|article| article.id.as_str());
        for said in ["怎么退货", "请问怎么退货？", "What is your return policy?"] {
            assert_eq!(alone(said), Some("returns"), "{said}");
        }
        assert_eq!((alone("保修几年？"), alone("你好，保修几年")), (Some("warranty"), Some("warranty")));
        for said in [
            "我的面霜漏了，怎么退货",
            "泵头坏了瓶子也漏了，包装还是破的，你们说怎么退货吧",
            "what is your return policy, because my pump broke",
            "破了，怎么退货？",
            "What is your return policy, it leaks",
            "修了三次还是坏的，当初说保修几年都是骗人的吗",
        ] {
            assert_eq!(alone(said), None, "{said}");
        }
    }

    #[test]
    fn r_int_18_a_question_is_answered_by_the_article_that_was_written_for_it() {
        let knowledge = knowledge();
        let answer = |question, product| knowledge.answer(question, product).map(|article| article.id.as_str());
        assert_eq!(answer("你好，请问這個面霜開封後要放冰箱嗎？谢谢", None), Some("storage"));
        assert_eq!(answer("面霜开封后要放冰箱吗", Some("p-7")), Some("storage-p7"));
        assert_eq!(answer("How do I store the cream after opening?", None), Some("storage"));
        assert_eq!(answer("请问几点开门", None), Some("hours"));
        for nothing in ["我的快递到哪里了", "冰箱", "补偿标准是多少", "有没有小样", "", "😀"] {
            assert_eq!(answer(nothing, None), None, "{nothing}");
        }
    }

    #[test]
    fn r_int_18_customers_find_what_is_approved_and_agents_find_more() {
        let knowledge = knowledge();
        let found = |question, audience| {
            knowledge.find(question, None, audience).into_iter().map(|article| article.id.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(found("营业", Audience::Customers), ["hours"]);
        assert_eq!(found("补偿标准", Audience::Customers), [""; 0]);
        assert_eq!(found("补偿标准", Audience::Agents), ["inside"]);
        assert_eq!(found("小样", Audience::Agents), [""; 0]);
        assert_eq!(knowledge.get("inside", Audience::Customers).map(|article| article.version), None);
    }

    #[test]
    fn r_int_19_an_article_on_a_sensitive_subject_without_a_way_to_a_consultation_is_refused() {
        let head = "id = \"a\"\nversion = 1\ntitle = \"t\"\nstatus = \"approved\"\naudience = \"customers\"\n";
        let with =
            |more: &str, answer: &str| Article::parse(&format!("+++\n{head}{more}\n+++\n{answer}")).map(|a| a.version);
        assert_eq!(with("questions = [\"what\"]", "so").unwrap(), 1);
        for (more, answer, why) in [
            ("questions = [\"what\"]\nsensitive = true", "so", "consultation"),
            ("questions = [\"what\"]\nsensitive = true\nconsultation = \" \"", "so", "consultation"),
            ("questions = []", "so", "questions must name"),
            ("questions = [\"？\"]", "so", "questions must be words"),
            ("questions = [\"what\"]", "", "must say something"),
            ("questions = [\"what\"]\ncolour = 1", "so", "colour"),
        ] {
            let refused = format!("{:#}", with(more, answer).unwrap_err());
            assert!(refused.contains(why), "{refused}");
        }
        assert!(Knowledge::of(vec![article("a", "", &["one"], "1"), article("a", "", &["two"], "2")]).is_err());
    }
}
