//! What the shipped rules of safety make of words: denied, doubly denied, supposed, over; folded; in two languages.
#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use crate::{
    SAFETY,
    context::Standing,
    safety::{Book, BookError, Kind, Safety},
};

fn book() -> Book {
    toml::from_str(SAFETY).unwrap()
}

fn safety() -> Safety {
    Safety::new(&book()).unwrap()
}

fn harm(text: &str) -> u8 {
    safety().read(text).severity()
}

/// Every text and how severe the harm is that it speaks of.
const NEGATION: [(&str, u8); 46] = [
    ("没有过敏", 0),
    ("用了没有过敏", 0),
    ("目前没发现过敏", 0),
    ("用到现在也没出现过敏", 0),
    ("没有任何过敏、红肿、刺痛的情况", 0),
    ("没有过敏和发痒", 0),
    ("不过敏，很温和", 0),
    ("头皮也不痒了", 0),
    ("过敏现象没有出现", 0),
    ("过敏什么的都没有", 0),
    ("以前用别的过敏，用了这个不过敏了", 0),
    ("用了之后头皮痒的问题没了", 0),
    ("掉发改善了很多", 0),
    ("敏感肌用着很好", 0),
    ("会不会过敏", 0),
    ("这个会引起过敏吗", 0),
    ("如果过敏可以退吗", 0),
    ("担心过敏所以先问问", 0),
    ("过敏的人能用吗", 0),
    ("听说有人用了过敏", 0),
    ("心疼我的钱", 0),
    ("忍不住吐槽", 0),
    ("不是没有过敏", 1),
    ("没有一次不痒", 1),
    ("不知道是不是过敏", 1),
    ("没几天就过敏了", 1),
    ("没有效果，头皮还痒", 1),
    ("不好用，洗完头痒", 1),
    ("我脸过敏了怎么办", 1),
    ("从来没这么痒过，不想再用", 1),
    ("no rash at all", 0),
    ("no rash, itching or redness", 0),
    ("I never had any allergic reaction", 0),
    ("without irritation", 0),
    ("Will it cause a rash?", 0),
    ("worried about a rash", 0),
    ("if I get a rash, can I return it?", 0),
    ("the rash is gone", 0),
    ("not without itching", 1),
    ("not good, my skin itches", 1),
    ("I am not sure but it itches", 1),
    ("My face is swollen and it itches", 2),
    ("não tive alergia", 0),
    ("não gostei, deu alergia", 1),
    ("吃完拉肚子，住院了", 3),
    ("过敏性休克，正在抢救", 4),
];

#[test]
fn r_int_09_what_is_denied_supposed_or_over_is_no_harm_and_what_is_said_is() {
    for (text, severity) in NEGATION {
        let safety = safety();
        let found = safety.read(text);
        assert_eq!(found.severity(), severity, "{text}: {:?}", found.all);
    }
}

#[test]
fn r_int_22_every_form_of_writing_is_read() {
    for text in ["用了頭皮發癢", "用了头皮发\u{200b}痒", "ＭＹ　ＳＫＩＮ　ＩＴＣＨＥＳ", "My Skin Itches"]
    {
        assert_eq!(harm(text), 1, "{text}");
    }
    assert_eq!(harm("沒有過敏"), 0);
}

#[test]
fn r_int_09_each_finding_names_its_rule_and_its_words() {
    let safety = safety();
    let found = safety.read("脸肿了，再不处理我就打12315，里面还有虫子");
    let named = |kind| found.said(kind).map(|one| (one.rule, found.words(one))).collect::<Vec<_>>();
    assert_eq!(found.harm().map(|harm| harm.rule), Some("health.serious"));
    assert_eq!(named(Kind::Threat), [("threat.public", "12315".to_owned())]);
    assert_eq!(named(Kind::Hazard), [("quality.hazard", "虫".to_owned())]);
    assert_eq!(safety.read("没有过敏").all[0].standing, Standing::Denied);
}

#[test]
fn r_int_09_harm_to_a_child_weighs_more_and_a_child_alone_is_nothing() {
    assert_eq!(harm("宝宝用了起红疹"), 2);
    assert_eq!(harm("my daughter got a rash"), 2);
    assert_eq!(harm("给宝宝买的"), 0);
    assert_eq!(harm("给宝宝用没有过敏"), 0);
    assert_eq!(harm("孩子吃了住院"), 3);
}

#[test]
fn r_int_09_a_hazard_is_no_symptom() {
    for text in ["收到就发霉了", "汤里有虫子", "The milk had expired", "充电器冒烟"] {
        let safety = safety();
        let found = safety.read(text);
        assert_eq!((found.severity(), found.said(Kind::Hazard).count() > 0), (0, true), "{text}: {:?}", found.all);
    }
    let safety = safety();
    assert_eq!(safety.read("没有发霉，很新鲜").said(Kind::Hazard).count(), 0);
}

#[test]
fn a_book_that_cannot_be_used_is_refused() {
    let broken = |change: fn(&mut Book)| {
        let mut book = book();
        change(&mut book);
        Safety::new(&book).unwrap_err()
    };
    assert!(matches!(broken(|book| book.rule[0].severity = 5), BookError::Severity(_)));
    assert!(matches!(broken(|book| book.rule[0].severity = 0), BookError::Severity(_)));
    assert!(matches!(broken(|book| book.rule[0].words.push("*".into())), BookError::EmptyWord(_)));
    assert!(matches!(broken(|book| book.context.denials.push(String::new())), BookError::EmptyWord(_)));
}

proptest! {
    /// However odd a text is, it is read; and what is said after it in a new sentence is still heard.
    #[test]
    fn r_int_09_nothing_said_before_hides_harm(text in "[a-z,，。不没有会吗过敏 \\PC]{0,60}") {
        let found = safety().read(&text).severity();
        prop_assert!(found <= 4);
        let both = format!("{text}。用了脸肿了。");
        prop_assert!(harm(&both) >= 2, "{}", both);
    }
}
