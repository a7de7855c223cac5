//! The shipped policy against the law and the requirements, and policies with every hole.
#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;
use crate::money::Money;

fn shipped() -> Policy {
    toml::from_str(DEFAULT).unwrap()
}

/// A customer brings an intact article back on the third day without a reason.
fn facts() -> Facts {
    Facts {
        kind: Kind::ReturnRefund,
        reason: "no_reason".into(),
        proof: Proof::Receipt,
        category: Some("skin_care".into()),
        channel: Some("website".into()),
        segment: None,
        days_since_delivery: Some(3),
        days_since_purchase: Some(5),
        opened: Some(false),
        resaleable: Some(true),
        discomfort: None,
        amount: Some(cny(9_900)),
        buyer: None,
    }
}

fn cny(minor: i64) -> Money {
    Money::new(minor, "CNY".parse().unwrap())
}

fn decide(facts: Facts) -> Receipt {
    shipped().decide(facts).unwrap()
}

fn ruled(facts: Facts) -> (String, Answer) {
    let receipt = decide(facts);
    (receipt.rule, receipt.outcome.answer)
}

fn said(rule: &str, answer: Answer) -> (String, Answer) {
    (rule.to_owned(), answer)
}

fn problems(policy: &Policy) -> Vec<String> {
    policy.problems().iter().map(ToString::to_string).collect()
}

#[test]
fn the_shipped_policy_is_right() {
    assert_eq!(problems(&shipped()), [""; 0]);
    assert_eq!(shipped().warnings(), []);
}

#[test]
fn r_ful_06_intact_goods_come_back_without_a_reason_for_seven_days() {
    let receipt = decide(facts());
    assert_eq!(receipt.rule, "no_reason_seven_days");
    assert_eq!((receipt.outcome.freight, receipt.outcome.goods), (Bearer::Customer, Goods::Before));
    for (days, rule, answer) in [
        (Some(7), "no_reason_seven_days", Answer::Eligible),
        (Some(8), "no_reason_too_late", Answer::Ineligible),
        (None, "review", Answer::Review),
    ] {
        assert_eq!(ruled(Facts { days_since_delivery: days, ..facts() }), said(rule, answer), "{days:?}");
    }
    let opened = Facts { opened: Some(true), resaleable: Some(false), ..facts() };
    assert_eq!(ruled(opened), said("no_reason_not_resaleable", Answer::Ineligible));
    assert_eq!(ruled(Facts { resaleable: None, ..facts() }), said("review", Answer::Review));
    let made = Facts { category: Some("custom".into()), ..facts() };
    assert_eq!(ruled(made), said("no_reason_excepted", Answer::Ineligible));
}

#[test]
fn r_ful_07_opened_goods_that_caused_discomfort_come_back_and_the_money_does_not_wait() {
    let tried = Facts { reason: "discomfort.skin".into(), opened: Some(true), resaleable: Some(false), ..facts() };
    let proven = Facts { discomfort: Some(true), days_since_delivery: Some(30), ..tried.clone() };
    let receipt = decide(proven.clone());
    assert_eq!((receipt.rule.as_str(), receipt.outcome.answer), ("discomfort_opened", Answer::Eligible));
    assert_eq!((receipt.outcome.freight, receipt.outcome.goods), (Bearer::Company, Goods::After));
    assert_eq!(receipt.reasons, ["kind", "reason", "delivered", "discomfort"]);
    let small = Facts { kind: Kind::RefundOnly, ..proven.clone() };
    assert_eq!(decide(small.clone()).outcome.goods, Goods::No);
    assert_eq!(ruled(Facts { amount: Some(cny(20_001)), ..small }), said("discomfort_review", Answer::Review));
    assert_eq!(ruled(tried), said("discomfort_review", Answer::Review), "it is not known to be so yet");
    let late = Facts { days_since_delivery: Some(31), ..proven };
    assert_eq!(ruled(late), said("discomfort_review", Answer::Review), "no one with discomfort is refused by a rule");
}

#[test]
fn r_ful_08_the_seller_bears_the_freight_by_reason_and_by_segment() {
    let freight = |facts| decide(facts).outcome.freight;
    assert_eq!(freight(facts()), Bearer::Customer);
    assert_eq!(freight(Facts { segment: Some("vip".into()), ..facts() }), Bearer::Company);
    assert_eq!(freight(Facts { reason: "quality.defect".into(), ..facts() }), Bearer::Company);
    assert_eq!(freight(Facts { reason: "not_as_described.wrong_article".into(), ..facts() }), Bearer::Company);
}

#[test]
fn r_ful_02_a_window_and_a_fee_may_be_those_of_a_channel_and_a_category() {
    let own = r#"
[[rules]]
id = "website_skin_care"
when = { kind = ["return_refund"], reason = ["no_reason"], channel = ["website"], category = ["skin_care"], delivered.within = 20 }
then = { answer = "eligible", allowed = ["return_refund"], freight = "customer", goods = "before", fees.restocking.percent = 10 }
words.en = "Bought on the website it may come back for 20 days, for a tenth of its price."
words.zh = "网上购买的护肤品20天内可退，收取一成手续费。"

[[rules]]
id = "no_reason_vip""#;
    let own = DEFAULT.replacen("\n[[rules]]\nid = \"no_reason_vip\"", own, 1).replacen(
        "\"periodical\"]",
        "\"periodical\", \"skin_care\"]",
        1,
    );
    let policy: Policy = toml::from_str(&own).unwrap();
    assert_eq!(problems(&policy), [""; 0]);
    let ruled = |facts| policy.decide(facts).unwrap();
    let late = Facts { days_since_delivery: Some(20), ..facts() };
    let receipt = ruled(late.clone());
    assert_eq!((receipt.rule.as_str(), receipt.outcome.answer), ("website_skin_care", Answer::Eligible));
    let fees: i64 = receipt.outcome.fees.values().map(|fee| fee.of(cny(9_900)).unwrap().minor).sum();
    assert_eq!(fees, 990);
    for other in [
        Facts { channel: Some("shop".into()), ..late.clone() },
        Facts { channel: None, ..late.clone() },
        Facts { category: Some("kitchen".into()), ..late.clone() },
        Facts { days_since_delivery: Some(21), ..late },
    ] {
        assert_eq!(ruled(other.clone()).outcome.answer, Answer::Ineligible, "{other:?}");
    }
    let vip = Facts { segment: Some("vip".into()), channel: None, days_since_delivery: Some(14), ..facts() };
    assert_eq!(ruled(vip).rule, "no_reason_vip");
}

#[test]
fn faulty_goods_go_from_money_to_exchange_to_repair_as_time_passes() {
    let faulty = |kind, days| {
        let reason = "quality.defect".into();
        ruled(Facts { kind, reason, days_since_delivery: Some(days), ..facts() })
    };
    assert_eq!(faulty(Kind::ReturnRefund, 7), said("quality_seven_days", Answer::Eligible));
    assert_eq!(faulty(Kind::ReturnRefund, 8), said("review", Answer::Review));
    assert_eq!(faulty(Kind::Exchange, 15), said("quality_fifteen_days", Answer::Eligible));
    assert_eq!(faulty(Kind::Exchange, 16), said("review", Answer::Review));
    assert_eq!(faulty(Kind::Repair, 365), said("repair_in_warranty", Answer::Eligible));
    assert_eq!(faulty(Kind::Repair, 366), said("repair_out_of_warranty", Answer::Eligible));
    assert_eq!(faulty(Kind::RefundOnly, 20), said("quality_by_photo", Answer::Eligible));
}

#[test]
fn r_ful_02_nothing_is_to_come_back_of_what_never_came_and_of_a_service() {
    let asked = |kind, reason: &str| {
        let receipt = decide(Facts { kind, reason: reason.into(), amount: Some(cny(20_000)), ..facts() });
        (receipt.rule, receipt.outcome.answer, receipt.outcome.goods)
    };
    for kind in [Kind::Reship, Kind::RefundOnly, Kind::Compensation, Kind::ReturnRefund] {
        assert_eq!(asked(kind, "not_received"), ("not_received".into(), Answer::Review, Goods::No));
    }
    for kind in [Kind::Reship, Kind::RefundOnly, Kind::Compensation] {
        assert_eq!(asked(kind, "service"), ("service_not_as_promised".into(), Answer::Review, Goods::No));
    }
    assert_eq!(asked(Kind::RefundOnly, "quality").2, Goods::Before, "what is there comes back");
}

/// The shipped policy with a rule before all others for who is not known as the buyer.
fn asking_for_the_buyer(answer: &str) -> Policy {
    let rule = format!(
        "[[rules]]\nid = \"not_the_buyer\"\nwhen = {{ buyer = false }}\n\
         then = {{ answer = \"{answer}\", freight = \"customer\", goods = \"before\" }}\n\
         words = {{ en = \"We look whether it is yours.\", zh = \"我们会核实。\" }}\n\n[[rules]]"
    );
    toml::from_str(&DEFAULT.replacen("[[rules]]", &rule, 1)).unwrap()
}

#[test]
fn r_ful_02_who_is_not_known_as_the_buyer_is_for_people_where_a_policy_says_so_and_is_never_refused_for_it() {
    let policy = asking_for_the_buyer("review");
    assert_eq!(problems(&policy), [""; 0]);
    let asked = |buyer| policy.decide(Facts { buyer, ..facts() }).unwrap();
    for (buyer, rule) in
        [(None, "no_reason_seven_days"), (Some(true), "no_reason_seven_days"), (Some(false), "not_the_buyer")]
    {
        assert_eq!(asked(buyer).rule, rule, "{buyer:?}");
        assert_eq!(ruled(Facts { buyer, ..facts() }).0, "no_reason_seven_days", "the shipped policy does not ask");
    }
    let receipt = asked(Some(false));
    assert_eq!((receipt.outcome.answer, receipt.reasons.as_slice()), (Answer::Review, ["buyer".to_owned()].as_slice()));
    let refusing = problems(&asking_for_the_buyer("ineligible"));
    assert!(refusing.iter().any(|one| one.starts_with("rule not_the_buyer refuses")), "{refusing:?}");

    // What was decided before anybody asked has no such fact, and comes out as it did.
    let before = serde_json::to_value(asked(None)).unwrap();
    assert_eq!(before["facts"].get("buyer"), None);
    let before: Receipt = serde_json::from_value(before).unwrap();
    assert_eq!(policy.decide(before.facts.clone()).unwrap(), before);
}

#[test]
fn every_version_that_was_shipped_can_still_decide() {
    let all: Vec<Policy> = EARLIER.iter().chain([&DEFAULT]).map(|text| toml::from_str(text).unwrap()).collect();
    let versions: Vec<_> = all.iter().map(|policy| (policy.id.as_str(), policy.version)).collect();
    assert_eq!(versions, [("default", 1), ("default", 2)]);
    assert!(all.iter().all(|policy| problems(policy).is_empty()));
    let never = Facts { kind: Kind::Reship, reason: "not_received".into(), ..facts() };
    let rules = all.iter().map(|policy| policy.decide(never.clone()).unwrap().rule);
    assert_eq!(rules.collect::<Vec<_>>(), ["review", "not_received"]);
}

#[test]
fn r_ful_17_what_was_agreed_is_granted_and_what_is_found_otherwise_is_not() {
    let agreed: Policy = toml::from_str(AGREED).unwrap();
    assert_eq!((agreed.id.as_str(), problems(&agreed), agreed.warnings()), (AGREED_ID, vec![], vec![]));
    let decided = |kind, reason: &str| {
        let receipt = agreed.decide(Facts { kind, reason: reason.into(), ..facts() }).unwrap();
        (receipt.rule, receipt.outcome.answer, receipt.outcome.goods)
    };
    let granted = ("as_agreed".to_owned(), Answer::Eligible, Goods::Before);
    assert_eq!(decided(Kind::ReturnRefund, "agreed"), granted);
    let otherwise = ("found_otherwise".to_owned(), Answer::Ineligible, Goods::Before);
    assert_eq!(decided(Kind::ReturnRefund, "agreed.found_otherwise"), otherwise);
    assert_eq!(decided(Kind::Exchange, "agreed").1, Answer::Ineligible);
    assert_eq!(shipped().decide(Facts { reason: "agreed".into(), ..facts() }), None, "nobody asks for it as agreed");
}

#[test]
fn what_was_bought_elsewhere_is_repaired_and_what_cannot_be_shown_is_looked_for() {
    let receipt = decide(Facts { proof: Proof::Elsewhere, ..facts() });
    assert_eq!((receipt.rule.as_str(), receipt.outcome.answer), ("bought_elsewhere", Answer::Ineligible));
    assert_eq!(receipt.outcome.allowed, BTreeSet::from([Kind::Repair]));
    assert_eq!(ruled(Facts { proof: Proof::None, ..facts() }), said("no_proof", Answer::Review));
}

#[test]
fn r_ful_02_every_decision_tells_its_rule_and_the_way_to_appeal_in_every_language() {
    for rule in shipped().rules {
        for language in ["en", "zh"] {
            assert!(!rule.words[language].is_empty() && !shipped().appeal[language].is_empty(), "{}", rule.id);
        }
    }
    let own = DEFAULT
        .replace("words.zh = \"已超过7天", "appeal = { en = \"Ask the head.\", zh = \"x\" }\nwords.zh = \"已超过7天");
    let policy: Policy = toml::from_str(&own).unwrap();
    let receipt = policy.decide(Facts { days_since_delivery: Some(8), ..facts() }).unwrap();
    assert_eq!(receipt.appeal["en"], "Ask the head.");
    assert!(policy.gave(&receipt) && !Policy { version: 1, ..policy }.gave(&receipt));
}

#[test]
fn a_kind_and_reason_without_an_answer_is_a_hole() {
    let mut holed = shipped();
    holed.rules.retain(|rule| rule.id != "review");
    let found = problems(&holed);
    assert!(found.iter().any(|one| one.starts_with("repair for no_reason has no answer")), "{found:?}");
    assert!(!found.iter().any(|one| one.contains("discomfort")), "a rule that asks for the reason alone holds for all");
    let when = When { proof: BTreeSet::from([Proof::Receipt]), ..When::default() };
    holed.rules.push(Rule { when, ..shipped().rules.pop().unwrap() });
    assert_eq!(problems(&holed), found, "for receipts only is not for all of it");
    assert_eq!(shipped().decide(Facts { reason: "moon".into(), ..facts() }), None);
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    for (right, wrong, problem) in [
        ("version = 2", "version = 0", "the version must be 1 or more"),
        (r#"["en", "zh"]"#, r#"["en", "zh", "fr"]"#, "rule bought_elsewhere is not said in fr"),
        (r#"["en", "zh"]"#, "[]", "at least one language must be named"),
        (
            "quality = {",
            "qualities = {",
            "reason quality.defect: there is no reason called quality for it to lie below",
        ),
        (
            r#"segment = ["vip"]"#,
            r#"segment = ["vips"]"#,
            "rule no_reason_vip: there is no segment called vips; there are: vip",
        ),
        (
            r#"reason = ["discomfort"] }"#,
            r#"reason = ["moon"] }"#,
            "rule discomfort_review: there is no reason called moon; there are: breakdown,",
        ),
        (
            r#"category = ["custom""#,
            r#"category = ["bespoke""#,
            "rule no_reason_excepted: there is no category called bespoke",
        ),
        (
            r#"segment = ["vip"]"#,
            r#"channel = ["chat"]"#,
            "rule no_reason_vip: there is no channel called chat; there are: hotline,",
        ),
        (r#"id = "no_proof""#, r#"id = "bought_elsewhere""#, "there are two rules called bought_elsewhere"),
        (
            r#"allowed = ["return_refund", "exchange"], freight = "customer""#,
            r#"allowed = ["exchange"], freight = "customer""#,
            "rule no_reason_seven_days says yes and does not allow return_refund, which it is asked for",
        ),
        (
            r#"allowed = ["repair"], freight = "customer", goods = "before" }
words.en = "The article"#,
            r#"allowed = ["exchange"], freight = "customer", goods = "before" }
words.en = "The article"#,
            "rule bought_elsewhere says no and allows exchange, which it is asked for",
        ),
        (
            r#"goods = "no" }"#,
            r#"goods = "no", fees.handling.percent = 101 }"#,
            "rule discomfort_small: fee handling must be 1 to 100 percent",
        ),
        (
            r#"goods = "no" }"#,
            r#"goods = "no", fees.handling.amount = { minor = 0, currency = "CNY" } }"#,
            "rule discomfort_small: fee handling",
        ),
        (
            "delivered.after = 7 ",
            "delivered.after = 7, delivered.within = 7 ",
            "rule no_reason_too_late: no day is more than after",
        ),
        ("{ CNY = 20000 }", "{}", "rule discomfort_small: up_to must name a currency"),
    ] {
        assert!(DEFAULT.contains(right), "{right}");
        let found = problems(&toml::from_str(&DEFAULT.replace(right, wrong)).unwrap());
        assert!(found.iter().any(|one| one.contains(problem)), "{wrong}: {found:?}");
    }
    for unknown in
        [("\"receipt\"", "\"ticket\""), ("answer = \"review\"", "answer = \"perhaps\""), ("words.en", "word.en")]
    {
        let text = DEFAULT.replace("proof = [\"none\"]", "proof = [\"receipt\"]").replace(unknown.0, unknown.1);
        assert!(toml::from_str::<Policy>(&text).is_err(), "{unknown:?}");
    }
}

#[test]
fn a_rule_nobody_reaches_is_warned_of() {
    let mut policy = shipped();
    let last = policy.rules.pop().unwrap();
    policy.rules.insert(0, last);
    let warnings = policy.warnings();
    assert_eq!(warnings.len(), policy.rules.len() - 1);
    assert_eq!(warnings[0].to_string(), "rule bought_elsewhere is never reached: rule review takes all of it");
    assert_eq!(problems(&policy), [""; 0]);
}

#[test]
fn a_fee_is_a_share_or_an_amount_of_what_was_paid() {
    assert_eq!(Fee::Percent(10).of(cny(999)), Ok(cny(100)));
    assert_eq!(Fee::Percent(100).of(cny(999)), Ok(cny(999)));
    assert_eq!(Fee::Amount(cny(500)).of(cny(999)), Ok(cny(500)));
    assert!(Fee::Amount(Money::new(500, "EUR".parse().unwrap())).of(cny(999)).is_err());
}

#[test]
fn a_receipt_comes_back_from_storage() {
    let receipt = decide(facts());
    let text = serde_json::to_string(&receipt).unwrap();
    assert_eq!(serde_json::from_str::<Receipt>(&text).unwrap(), receipt);
}
