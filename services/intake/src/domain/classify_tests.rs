//! What the rules make of the words of customers, in the three languages they are written for.
#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::{
    classify::{Classification, Classifier, RuleBook, RuleError},
    vocabulary::{CaseClass, Emotion},
};

fn classifier() -> Classifier {
    Classifier::new(book()).unwrap()
}

fn book() -> RuleBook {
    toml::from_str(include_str!("../rules.toml")).unwrap()
}

fn read(text: &str) -> (CaseClass, String, u8) {
    let Classification { class, source, severity } = classifier().classify(text, None, None, None);
    (class, source, severity)
}

#[test]
fn words_decide_in_three_languages() {
    for (text, class) in [
        ("用了之后头皮很痒，还起了红疹", CaseClass::Discomfort),
        ("My skin is ITCHY and red", CaseClass::Discomfort),
        ("Tive alergia, minha pele está coçando", CaseClass::Discomfort),
        ("东西到现在都没收到", CaseClass::Delivery),
        ("The parcel never arrived", CaseClass::Delivery),
        ("NÃO RECEBI o produto", CaseClass::Delivery),
        ("我要退货", CaseClass::ReturnExchange),
        ("I want my money back", CaseClass::ReturnExchange),
        ("quero trocar o produto", CaseClass::ReturnExchange),
        ("客服态度太差", CaseClass::ServiceAttitude),
        ("The clerk was rude to me", CaseClass::ServiceAttitude),
        ("用了一个月完全没效果", CaseClass::ProductEffect),
        ("o creme não funciona", CaseClass::ProductEffect),
        ("质量太差，用两天就坏了", CaseClass::ProductQuality),
        ("veio com defeito", CaseClass::ProductQuality),
        ("里面有虫", CaseClass::ProductQuality),
        ("店里很脏", CaseClass::ShopEnvironment),
        ("电视还在保修期吗", CaseClass::Repair),
        ("Please add a bigger size, I suggest", CaseClass::Suggestion),
        ("What time do you open?", CaseClass::Enquiry),
        ("", CaseClass::Enquiry),
    ] {
        assert_eq!(read(text).0, class, "{text}");
    }
}

#[test]
fn health_comes_before_everything_else_that_is_said() {
    assert_eq!(read("快递太慢，质量差，而且用了过敏"), (CaseClass::Discomfort, "health.discomfort".into(), 1));
    assert_eq!(read("refund please, I had to go to the hospital").2, 3);
    assert_eq!(read("minha boca inchou").2, 2);
}

#[test]
fn what_is_denied_does_not_count() {
    for text in [
        "用了没有过敏",
        "头皮也不发痒了",
        "没出现任何过敏",
        "no rash at all",
        "I did not have any itching",
        "never had an allergic reaction",
        "não tive alergia",
        "sem irritação",
    ] {
        assert_eq!(read(text), (CaseClass::Enquiry, "default".into(), 0), "{text}");
    }
}

#[test]
fn a_denial_ends_with_its_clause_and_some_phrases_deny_nothing() {
    for text in [
        "没有效果，头皮还痒",
        "不知道是不是过敏",
        "不舒服",
        "not good, my skin itches",
        "I am not sure but it itches",
        "não gostei, deu alergia",
        "没几天就过敏了",
    ] {
        assert_eq!(read(text).0, CaseClass::Discomfort, "{text}");
    }
}

#[test]
fn a_word_within_another_word_does_not_count() {
    assert_eq!(read("the box went to the trash").0, CaseClass::Enquiry);
    assert_eq!(read("painting").0, CaseClass::Enquiry);
    assert_eq!(read("dormir").0, CaseClass::Enquiry);
}

#[test]
fn what_a_person_states_stays_but_harm_is_still_seen() {
    let stated = |text, class| classifier().classify(text, Some(class), None, None);
    let both = stated("送货慢，用了还过敏", CaseClass::Delivery);
    assert_eq!((both.class, both.source.as_str(), both.severity), (CaseClass::Delivery, "stated", 1));
    assert_eq!(stated("hello", CaseClass::Discomfort).severity, 1);
    let graded = classifier().classify("itching", Some(CaseClass::Discomfort), Some(4), None);
    assert_eq!(graded.severity, 4);
    assert_eq!(classifier().classify("in hospital", None, Some(1), None).severity, 3);
    let thanked = classifier().classify("thank you", Some(CaseClass::Suggestion), Some(4), None);
    assert_eq!(
        (thanked.class, thanked.source.as_str()),
        (CaseClass::Discomfort, "stated.severity"),
        "no complaint is lost"
    );
    assert_eq!(
        classifier().classify("thank you", Some(CaseClass::Suggestion), Some(0), None).class,
        CaseClass::Suggestion
    );
    let told = classifier().classify("hello", None, Some(2), None);
    assert_eq!((told.class, told.severity), (CaseClass::Discomfort, 2));
}

#[test]
fn an_unhappy_customer_without_a_clue_is_heard_as_a_complaint() {
    let of = |emotion| classifier().classify("hm", None, None, Some(emotion));
    assert_eq!(of(Emotion::Angry).class, CaseClass::ServiceAttitude);
    assert_eq!(of(Emotion::Angry).source, "default.unhappy");
    assert_eq!(of(Emotion::Calm).class, CaseClass::Enquiry);
}

#[test]
fn a_bad_rule_book_is_refused() {
    let broken = |change: fn(&mut RuleBook)| {
        let mut book = book();
        change(&mut book);
        Classifier::new(book).unwrap_err()
    };
    assert!(matches!(broken(|b| b.rule.reverse()), RuleError::HealthFirst(_)));
    assert!(matches!(broken(|b| b.rule[0].severity = 5), RuleError::Severity(_)));
    assert!(matches!(broken(|b| b.rule[0].words.push("*".into())), RuleError::EmptyWord(_)));
    assert!(matches!(broken(|b| b.negation.words.push(String::new())), RuleError::EmptyWord(_)));
}

proptest! {
    /// No text, however odd, makes it stumble; and what is not health by any sign is never called health.
    #[test]
    fn any_text_gets_a_class(text in "\\PC{0,80}", severity in prop::option::of(0u8..=4)) {
        let found = classifier().classify(&text, None, severity, None);
        prop_assert!(found.severity >= severity.unwrap_or(0));
        prop_assert!(found.severity <= 4);
        prop_assert!(!found.source.is_empty());
        prop_assert_eq!(found.class == CaseClass::Discomfort, found.severity > 0);
    }
}
