//! What the rules make of the words of customers, in the three languages they are written for.
#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use triage::{
    SAFETY, SEED,
    model::Model,
    safety::Safety,
    train::{Options, Question, train},
};

use super::{
    case::{Case, Command},
    case_tests::{contact, hours, levels},
    classify::{Classification, Classifier, RuleBook, RuleError},
    minimum_tests::minimum,
    record::{Added, Part},
    triage::{Advisor, AdvisorError, Mode},
    vocabulary::{CaseClass, Emotion},
};

fn classifier() -> Classifier {
    with_model(Mode::Off)
}

fn with_model(mode: Mode) -> Classifier {
    let advisor = Advisor::new(Model::from_bytes(SEED).unwrap(), mode, 0.8).unwrap();
    Classifier::new(book(), safety(), advisor).unwrap()
}

fn safety() -> Safety {
    Safety::new(&toml::from_str(SAFETY).unwrap()).unwrap()
}

fn book() -> RuleBook {
    toml::from_str(include_str!("../rules.toml")).unwrap()
}

fn read(text: &str) -> (CaseClass, String, u8) {
    let Classification { class, source, severity, .. } = classifier().classify(text, None, None, None);
    (class, source, severity)
}

/// Harm is heard wherever it stands, and praise elsewhere takes nothing of it back.
#[test]
fn r_int_09_harm_is_heard_at_the_end_of_a_long_text_and_beside_what_decides_the_class() {
    let far = format!("{}。用了以后脸肿了", "包装很好看，很满意。".repeat(2_000));
    assert!(classifier().harm(&far) > 0);
    assert_eq!((classifier().harm(""), classifier().harm("When do you open?")), (0, 0));
    let read = |text: &str, beside: &[&str]| {
        let read = classifier().classify_with(text, beside, None, None, None);
        (read.class, read.severity > 0, read.heard.threat)
    };
    assert_eq!(read("When do you open?", &["退款", "好"]), (CaseClass::Enquiry, false, false));
    assert_eq!(read("我要打12315投诉你们", &["退款", &far]), (CaseClass::Discomfort, true, true));
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
        "用了不舒服",
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
        let advisor = Advisor::new(Model::from_bytes(SEED).unwrap(), Mode::Off, 0.8).unwrap();
        Classifier::new(book, safety(), advisor).unwrap_err()
    };
    assert!(matches!(broken(|b| b.rule[0].class = CaseClass::Discomfort), RuleError::Harm(_)));
    assert!(matches!(broken(|b| b.rule[0].words.push("*".into())), RuleError::EmptyWord(_)));
}

#[test]
fn a_model_that_speaks_another_language_is_refused() {
    let question = |name: &str, label: &str| Question { name: name.to_owned(), labels: vec![label.to_owned()] };
    let small = Options { bits: 10, ..Options::default() };
    let refused = |questions: &[Question]| Advisor::new(train("x", questions, &[], small), Mode::On, 0.8).unwrap_err();
    assert_eq!(refused(&[question("emotion", "calm")]), AdvisorError::NoClass);
    assert!(matches!(refused(&[question("class", "gossip")]), AdvisorError::Unknown { .. }));
    assert!(matches!(
        refused(&[question("class", "repair"), question("emotion", "bored")]),
        AdvisorError::Unknown { .. }
    ));
    let unsure = Advisor::new(Model::from_bytes(SEED).unwrap(), Mode::On, 0.2).unwrap_err();
    assert_eq!(unsure, AdvisorError::Threshold);
}

/// What only a model can know: no rule has a word for it.
const WORDLESS: &str = "等了十天，包裹还在路上，一直不动";

#[test]
fn r_int_22_the_model_decides_where_it_is_on_and_sure_and_says_so() {
    let found = with_model(Mode::On).classify(WORDLESS, None, None, None);
    assert_eq!(found.class, CaseClass::Delivery, "{found:?}");
    assert!(found.source.starts_with("model seed-") && found.source.contains(" p=0."), "{found:?}");
    let unsure = with_model(Mode::On).classify("嗯", None, None, None);
    assert_eq!(unsure.class, CaseClass::Enquiry);
    assert!(unsure.source.starts_with("default (model seed-") && unsure.source.ends_with(" unsure)"), "{unsure:?}");
}

#[test]
fn r_int_22_in_shadow_the_model_is_written_beside_the_rule_and_changes_nothing() {
    let off = classifier().classify(WORDLESS, None, None, None);
    let shadow = with_model(Mode::Shadow).classify(WORDLESS, None, None, None);
    assert_eq!((off.source.as_str(), off.class, off.severity), ("default", shadow.class, shadow.severity));
    assert!(shadow.source.starts_with("default (model seed-") && shadow.source.ends_with(" in shadow)"), "{shadow:?}");
}

#[test]
fn r_int_09_the_model_has_no_say_where_safety_or_a_person_has_spoken_and_in_shadow_reads_it_all_the_same() {
    for mode in [Mode::Off, Mode::Shadow, Mode::On] {
        let of = |text, stated, emotion| with_model(mode).classify(text, stated, None, emotion);
        for emotion in [None, Some(Emotion::Calm)] {
            let found = [
                of("快递太慢，用了还过敏", None, emotion),
                of("收到就发霉了", None, emotion),
                of("快递太慢", Some(CaseClass::Repair), emotion),
            ];
            assert_eq!(
                found.each_ref().map(|one| one.source.as_str()),
                ["health.discomfort", "quality.hazard", "stated"]
            );
            assert_eq!(found[2].class, CaseClass::Repair);
            let read = found.iter().all(|one| one.reading.as_ref().is_some_and(|reading| reading.class.is_some()));
            assert!(read || mode != Mode::Shadow, "{found:?}");
        }
    }
}

#[test]
fn r_int_11_a_threat_to_go_public_is_a_complaint() {
    let found = classifier().classify("再不回复我就打12315", None, None, None);
    assert_eq!((found.class, found.severity), (CaseClass::ServiceAttitude, 0), "{found:?}");
    let stated = classifier().classify("我要打12315", Some(CaseClass::Enquiry), None, None);
    assert_eq!(stated.class, CaseClass::Enquiry, "what a person stated stays");
}

#[test]
fn r_int_11_threats_and_children_are_heard_and_feelings_are_read_only_where_nobody_stated_them() {
    let of = |text, emotion| with_model(Mode::On).classify(text, None, None, emotion).heard;
    assert!(of("再不处理我就找律师起诉你们", None).threat && of("I will call my lawyer", None).threat);
    assert!(!of("我是一名律师，想买公文包", None).threat);
    assert!(of("宝宝用了起红疹", None).minor && of("孩子的饭里有虫", None).minor);
    assert!(!of("给孩子买的书包", None).minor, "a child alone is nothing");
    const FURIOUS: &str = "说好三天到，现在十天了，气死我了，简直欺负人，忍无可忍";
    assert_eq!(of(FURIOUS, None).emotion, Some(Emotion::Angry));
    assert_eq!(of(FURIOUS, Some(Emotion::Calm)).emotion, None);
    let shadow = with_model(Mode::Shadow).classify(FURIOUS, None, None, None);
    assert_eq!(shadow.heard.emotion, None);
    // It is kept beside, so that it can be compared; a department is a suggestion in every mode.
    let reading = shadow.reading.unwrap();
    assert!(reading.emotion.is_some_and(Emotion::is_negative) && reading.emotion_percent >= 50, "{reading:?}");
    assert!(reading.department.is_some() && reading.model.starts_with("seed-"), "{reading:?}");
    assert_eq!(with_model(Mode::On).classify(FURIOUS, None, None, None).reading, Some(reading));
    assert_eq!(with_model(Mode::Off).classify(FURIOUS, None, None, None).reading, None);
}

#[test]
fn r_cmp_01_a_feeling_that_is_read_is_not_on_record_until_a_person_states_it() {
    let mut contact = contact(CaseClass::Delivery);
    contact.classification.heard.emotion = Some(Emotion::Angry);
    let mut case = Case::default();
    for event in case.decide(contact.register(&levels()), hours(0)).unwrap() {
        case.apply(&event);
    }
    let facts = case.facts.clone().unwrap();
    assert_eq!((facts.emotion, facts.priority.parts[0].reason.as_str()), (Some(Emotion::Angry), "emotion_read"));
    assert!(!facts.parts.contains(&Part::Emotion));
    let stated = Added { parts: [Part::Emotion].into(), emotion: Some(Emotion::Calm) };
    for event in case.decide(Command::Complete { added: stated, minimum: minimum() }, hours(1)).unwrap() {
        case.apply(&event);
    }
    let facts = case.facts.unwrap();
    assert_eq!((facts.emotion, facts.parts.contains(&Part::Emotion)), (Some(Emotion::Calm), true));
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

    /// Whatever the model says, nothing is taken from what the rules of safety found.
    #[test]
    fn r_int_09_rules_of_safety_are_never_lowered(
        text in "\\PC{0,40}",
        harm in prop::sample::select(vec!["用了脸肿了", "my skin itches", "吃完住院了", "孩子起红疹"]),
        stated in prop::option::of(prop::sample::select(CaseClass::ALL.to_vec())),
        severity in prop::option::of(0u8..=4),
    ) {
        let text = format!("{text}。{harm}");
        let least = safety().read(&text).severity();
        prop_assert!(least > 0);
        for mode in [Mode::Off, Mode::Shadow, Mode::On] {
            let found = with_model(mode).classify(&text, stated, severity, None);
            prop_assert!(found.severity >= least.max(severity.unwrap_or(0)));
            prop_assert!(stated.is_some() || found.class == CaseClass::Discomfort);
        }
    }
}
