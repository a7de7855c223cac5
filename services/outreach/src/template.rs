//! The words of a message, in Chinese and English. Invariant: no name, product, illness or text of a customer stands in what
//! shows on a locked screen, the subject of a mail and a whole short message (R-SEC-01, R-SEC-02). They are the same for every
//! customer but for the reference; what he is asked to decide is named by codes, counts, amounts and the policy's words, the
//! latter in the body of a mail only.
use jiff::{Timestamp, tz::TimeZone};

use crate::domain::message::{Asked, Facts, Purpose};

/// What a message that asks names, where there is such.
const ASKED: [&str; 23] = [
    "{accepted}",
    "{rejected}",
    "{back}",
    "{kept}",
    "{failed}",
    "{decision_zh}",
    "{decision_en}",
    "{instead_zh}",
    "{instead_en}",
    "{version}",
    "{items}",
    "{total}",
    "{fee}",
    "{number}",
    "{send_to}",
    "{how_zh}",
    "{how_en}",
    "{confirm}",
    "{done}",
    "{whole}",
    "{partly}",
    "{appeal_zh}",
    "{appeal_en}",
];

/// What the templates leave open.
#[derive(Clone, Debug)]
pub struct Wording {
    /// Who writes.
    pub service: String,
    /// How the customer reaches a person.
    pub contact: String,
    /// Where status pages are; none where no message names one.
    pub status_pages: Option<String>,
    /// In which instants are told.
    pub zone: String,
}

/// What is told to whoever came while nobody works (R-INT-16).
#[derive(Clone, Debug)]
pub struct Acknowledgement<'a> {
    pub case_id: &'a str,
    /// When somebody works again, where that is worth telling.
    pub from: Option<Timestamp>,
    /// A person answers by then.
    pub by: Option<Timestamp>,
    /// Where it counts.
    pub zone: &'a str,
    /// The fastest way to a person is named.
    pub health: bool,
    /// Below the address of status pages.
    pub link: &'a str,
}

/// The subject of an answer: as the customer's, named an answer once.
pub fn answered(subject: &str) -> String {
    let is_answer = ["re:", "回复:", "回复："].iter().any(|said| subject.to_lowercase().starts_with(said));
    if is_answer { subject.to_owned() } else { format!("Re: {subject}").trim_end().to_owned() }
}

/// The words for an e-mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// One line.
    pub subject: String,
    /// Plain text.
    pub body: String,
}

impl Wording {
    /// The e-mail, with the link to the status page where there is one.
    pub fn letter(&self, facts: &Facts, link: Option<&str>) -> Letter {
        let text = self.fill(email(facts.purpose), &facts.about_id.to_string(), &self.open(facts, link));
        let (subject, body) = text.split_once("\n\n").unwrap_or(("", &text));
        Letter { subject: subject.to_owned(), body: body.to_owned() }
    }

    /// The short message, with the link to the status page where there is one.
    pub fn short(&self, facts: &Facts, link: Option<&str>) -> String {
        let text = self.fill(sms(facts.purpose), &facts.about_id.to_string(), &self.open(facts, link));
        text.lines().collect::<Vec<_>>().join(" ").trim_end().to_owned()
    }

    /// What whoever came while nobody works is told, the same over every channel.
    pub fn acknowledgement(&self, of: &Acknowledgement<'_>) -> String {
        let told = |at: Option<Timestamp>| at.map(|at| local(at, of.zone));
        let health = of.health.then(String::new);
        let link = self.page(Some(of.link).filter(|link| !link.is_empty()));
        let open = [("{from}", told(of.from)), ("{by}", told(of.by)), ("{health}", health), ("{link}", link)];
        self.fill(include_str!("../templates/acknowledgement.txt"), of.case_id, &open)
    }

    /// A person's words, and below them where their case can be seen; the link is empty where it is not to be named.
    pub fn answer(&self, text: &str, link: &str) -> String {
        let link = self.page(Some(link).filter(|link| !link.is_empty()));
        let below = self.fill(include_str!("../templates/answer_link.txt"), "", &[("{link}", link)]);
        if below.is_empty() { text.to_owned() } else { format!("{text}\n\n{}", below.trim_end()) }
    }

    /// Whether a message can name the link to a status page.
    pub fn names_links(&self) -> bool {
        self.status_pages.is_some()
    }

    fn page(&self, link: Option<&str>) -> Option<String> {
        Some(format!("{}{}", self.status_pages.as_ref()?, link?))
    }

    /// What the templates of what a customer is asked leave open, and the link.
    fn open(&self, facts: &Facts, link: Option<&str>) -> Vec<(&'static str, Option<String>)> {
        let by = facts.not_after.map(|at| local(at, &self.zone));
        let mut open = vec![("{link}", self.page(link)), ("{by}", by)];
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        match &facts.asked {
            Some(Asked::Inspection { accepted, rejected, back, failed, words, instead }) => {
                let named =
                    |language| some(instead.iter().map(|code| kind(code, language)).collect::<Vec<_>>().join(", "));
                open.push(("{accepted}", Some(accepted.to_string())));
                open.push(("{rejected}", Some(rejected.to_string())));
                open.push(("{back}", Some(*back).filter(|back| *back > 0).map(|back| back.to_string())));
                open.push((
                    "{kept}",
                    rejected.checked_sub(*back).filter(|kept| *kept > 0).map(|kept| kept.to_string()),
                ));
                open.push(("{failed}", some(failed.join(", "))));
                open.push(("{decision_zh}", words.get("zh").cloned()));
                open.push(("{decision_en}", words.get("en").cloned()));
                open.push(("{instead_zh}", named("zh")));
                open.push(("{instead_en}", named("en")));
            }
            Some(Asked::Quote { version, items, total, fee }) => {
                open.push(("{version}", Some(version.to_string())));
                open.push(("{items}", some(items.join(", "))));
                open.push(("{total}", Some(total.clone())));
                open.push(("{fee}", Some(fee.clone())));
            }
            Some(Asked::Return { number, send_to, instructions }) => {
                open.push(("{number}", Some(number.clone())));
                open.push(("{send_to}", some(send_to.clone())));
                open.push(("{how_zh}", instructions.get("zh").cloned()));
                open.push(("{how_en}", instructions.get("en").cloned()));
            }
            Some(Asked::Review { confirm, partly, appeal }) => {
                open.push((if *confirm { "{confirm}" } else { "{done}" }, Some(String::new())));
                open.push((if *partly { "{partly}" } else { "{whole}" }, Some(String::new())));
                open.push(("{appeal_zh}", appeal.get("zh").cloned()));
                open.push(("{appeal_en}", appeal.get("en").cloned()));
            }
            None => {}
        }
        open.extend(ASKED.map(|name| (name, None)));
        open
    }

    /// A line that names what there is not is left out.
    fn fill(&self, template: &str, reference: &str, open: &[(&str, Option<String>)]) -> String {
        let fill = |line: &str| {
            let line = line.replace("{service}", &self.service).replace("{contact}", &self.contact);
            open.iter().try_fold(line.replace("{reference}", reference), |line, (name, value)| {
                if line.contains(name) { Some(line.replace(name, value.as_ref()?)) } else { Some(line) }
            })
        };
        template.lines().filter_map(fill).map(|line| line + "\n").collect()
    }
}

/// An instant as it is told to somebody there; in UTC where the place is not known.
fn local(at: Timestamp, zone: &str) -> String {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let name = zone.iana_name().unwrap_or("UTC").to_owned();
    format!("{} ({name})", at.to_zoned(zone).strftime("%Y-%m-%d %H:%M"))
}

/// What a customer may have, in his language; its code where we have no words for it.
fn kind(code: &str, language: &str) -> String {
    let (zh, en) = match code {
        "return_refund" => ("退货退款", "money back for the goods"),
        "refund_only" => ("退款（无需退货）", "money back, the goods stay with you"),
        "exchange" => ("换货", "an exchange"),
        "reship" => ("补发", "the same sent again"),
        "repair" => ("维修", "a repair"),
        "compensation" => ("补偿", "compensation"),
        _ => (code, code),
    };
    (if language == "zh" { zh } else { en }).to_owned()
}

fn email(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::FollowUp => include_str!("../templates/follow_up.email.txt"),
        Purpose::Offer => include_str!("../templates/offer.email.txt"),
        Purpose::Result => include_str!("../templates/result.email.txt"),
        Purpose::Progress => include_str!("../templates/progress.email.txt"),
        Purpose::Satisfaction => include_str!("../templates/satisfaction.email.txt"),
        Purpose::Improvement => include_str!("../templates/improvement.email.txt"),
        Purpose::SuggestionAdopted => include_str!("../templates/suggestion_adopted.email.txt"),
        Purpose::SuggestionDeclined => include_str!("../templates/suggestion_declined.email.txt"),
        Purpose::MajorIssue => include_str!("../templates/major_issue.email.txt"),
        Purpose::Repaired => include_str!("../templates/repaired.email.txt"),
        Purpose::Inspected => include_str!("../templates/inspected.email.txt"),
        Purpose::Quoted => include_str!("../templates/quoted.email.txt"),
        Purpose::ReturnAuthorised => include_str!("../templates/return_authorised.email.txt"),
        Purpose::ReviewGranted => include_str!("../templates/review_granted.email.txt"),
        Purpose::ReviewRefused => include_str!("../templates/review_refused.email.txt"),
        // Its words are a person's, and no template's.
        Purpose::Answer => "",
    }
}

fn sms(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::FollowUp => include_str!("../templates/follow_up.sms.txt"),
        Purpose::Offer => include_str!("../templates/offer.sms.txt"),
        Purpose::Result => include_str!("../templates/result.sms.txt"),
        Purpose::Progress => include_str!("../templates/progress.sms.txt"),
        Purpose::Satisfaction => include_str!("../templates/satisfaction.sms.txt"),
        Purpose::Improvement => include_str!("../templates/improvement.sms.txt"),
        Purpose::SuggestionAdopted => include_str!("../templates/suggestion_adopted.sms.txt"),
        Purpose::SuggestionDeclined => include_str!("../templates/suggestion_declined.sms.txt"),
        Purpose::MajorIssue => include_str!("../templates/major_issue.sms.txt"),
        Purpose::Repaired => include_str!("../templates/repaired.sms.txt"),
        Purpose::Inspected => include_str!("../templates/inspected.sms.txt"),
        Purpose::Quoted => include_str!("../templates/quoted.sms.txt"),
        Purpose::ReturnAuthorised => include_str!("../templates/return_authorised.sms.txt"),
        Purpose::ReviewGranted => include_str!("../templates/review_granted.sms.txt"),
        Purpose::ReviewRefused => include_str!("../templates/review_refused.sms.txt"),
        Purpose::Answer => "",
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::collections::BTreeMap;

    use uuid::Uuid;

    use super::*;

    const LINK: &str = "/v1/status/AZ3vAZ3vAZ3vAZ3vAZ3vAZ3vAZ3vAZ3vAZ3vAZ3vAZ3vAZ3vAZ3vAZ3vAZ3vAZ3vAZ3vAZ3vAZ3";

    const ALL: [Purpose; 15] = [
        Purpose::FollowUp,
        Purpose::Offer,
        Purpose::Result,
        Purpose::Progress,
        Purpose::Satisfaction,
        Purpose::Improvement,
        Purpose::SuggestionAdopted,
        Purpose::SuggestionDeclined,
        Purpose::MajorIssue,
        Purpose::Repaired,
        Purpose::Inspected,
        Purpose::Quoted,
        Purpose::ReturnAuthorised,
        Purpose::ReviewGranted,
        Purpose::ReviewRefused,
    ];

    fn wording() -> Wording {
        let status_pages = Some("https://care.example".into());
        let (service, contact) = ("Customer Care".into(), "400 000 0000".into());
        Wording { service, contact, status_pages, zone: "Asia/Shanghai".into() }
    }

    fn by_language<const N: usize>(words: [(&str, &str); N]) -> BTreeMap<String, String> {
        words.map(|(language, words)| (language.to_owned(), words.to_owned())).into()
    }

    fn about(purpose: Purpose) -> Facts {
        let words = [("en", "The seal is broken, so it does not come back."), ("zh", "封条已破损,不予退货。")];
        let asked = match purpose {
            Purpose::Inspected => Some(Asked::Inspection {
                accepted: 1,
                rejected: 2,
                back: 1,
                failed: vec!["sealed".into(), "complete".into()],
                words: by_language(words),
                instead: vec!["repair".into(), "a_novelty".into()],
            }),
            Purpose::Quoted => Some(Asked::Quote {
                version: 2,
                items: vec!["1 × labour".into(), "2 × screen".into()],
                total: "320.00 CNY".into(),
                fee: "320.00 CNY".into(),
            }),
            Purpose::ReturnAuthorised => Some(Asked::Return {
                number: "R-7KQ2-9XHB".into(),
                send_to: "Returns, 1 Warehouse Road".into(),
                instructions: by_language([("en", "Write the number on the parcel."), ("zh", "请写明编号。")]),
            }),
            Purpose::ReviewGranted | Purpose::ReviewRefused => Some(Asked::Review {
                confirm: true,
                partly: true,
                appeal: by_language([("en", "Tell us within 30 days."), ("zh", "请在30天内告知我们。")]),
            }),
            _ => None,
        };
        let not_after = Some("2026-04-10T09:30:00Z".parse().unwrap());
        Facts { purpose, about_id: Uuid::from_u128(7), asked, not_after, ..Facts::default() }
    }

    #[test]
    fn every_purpose_has_both_forms_in_both_languages_with_nothing_left_open() {
        for purpose in ALL {
            let letter = wording().letter(&about(purpose), None);
            let short = wording().short(&about(purpose), None);
            for text in [&letter.body, &short] {
                assert!(text.contains(&Uuid::from_u128(7).to_string()), "{purpose:?}: {text}");
                assert!(text.contains("Customer Care") && text.contains("400 000 0000"), "{purpose:?}: {text}");
                assert!(!text.contains(['{', '}']), "{purpose:?}: {text}");
                assert!(text.contains('您') && text.contains("you"), "{purpose:?}: {text}");
            }
            assert!(!letter.subject.is_empty() && !letter.subject.contains('\n'), "{purpose:?}");
            assert!(!short.contains('\n') && short.chars().count() <= 300, "{purpose:?}: {short}");
        }
    }

    /// What shows on a locked screen: the subject of an e-mail and a whole short message (R-SEC-01).
    #[test]
    fn what_shows_at_a_glance_is_discreet() {
        let telling = [
            "complaint",
            "refund",
            "allerg",
            "discomfort",
            "product",
            "seal",
            "投诉",
            "退款",
            "过敏",
            "不适",
            "产品",
            "封条",
        ];
        for purpose in ALL {
            let letter = wording().letter(&about(purpose), Some(LINK));
            let glance = format!("{} {}", letter.subject, wording().short(&about(purpose), Some(LINK))).to_lowercase();
            assert!(telling.iter().all(|word| !glance.contains(word)), "{glance}");
        }
    }

    #[test]
    fn r_int_24_what_tells_how_far_things_are_names_the_status_page_and_nothing_where_there_is_none() {
        let told = [
            Purpose::Offer,
            Purpose::Result,
            Purpose::Progress,
            Purpose::Satisfaction,
            Purpose::Repaired,
            Purpose::Inspected,
            Purpose::Quoted,
            Purpose::ReturnAuthorised,
            Purpose::ReviewGranted,
            Purpose::ReviewRefused,
        ];
        let page = format!("https://care.example{LINK}");
        for purpose in ALL {
            let about = about(purpose);
            let (letter, short) = (wording().letter(&about, Some(LINK)), wording().short(&about, Some(LINK)));
            let named = (letter.body.matches(&page).count(), short.matches(&page).count());
            assert_eq!(named, if told.contains(&purpose) { (2, 1) } else { (0, 0) }, "{purpose:?}: {short}");
            assert!(short.chars().count() <= 420 && !short.contains('\n'), "{purpose:?}: {short}");
            let nowhere = Wording { status_pages: None, ..wording() };
            assert_eq!(nowhere.letter(&about, Some(LINK)), wording().letter(&about, None));
            assert!(!wording().short(&about, None).contains("http"));
        }
    }

    #[test]
    fn r_ful_04_who_is_asked_reads_what_was_found_what_he_gets_now_how_he_answers_and_by_when() {
        let letter = wording().letter(&about(Purpose::Inspected), None).body;
        for part in [
            "sealed, complete",
            "The seal is broken, so it does not come back.",
            "封条已破损,不予退货。",
            "a repair, a_novelty",
            "维修, a_novelty",
            "400 000 0000",
            "2026-04-10 17:30 (Asia/Shanghai)",
        ] {
            assert!(letter.contains(part), "{part}: {letter}");
        }
        let short = wording().short(&about(Purpose::Inspected), None);
        assert!(short.contains("1 件符合,2 件不符") && short.contains("2026-04-10 17:30"), "{short}");
        let mut bare = about(Purpose::Inspected);
        (bare.not_after, bare.asked) = (None, None);
        let bare = wording().letter(&bare, None).body;
        assert!(!bare.contains(['{', '}']) && !bare.contains("2026"), "{bare}");
    }

    #[test]
    fn r_ful_11_who_is_to_consent_reads_what_it_costs_him_and_by_when_he_says_so() {
        let quoted = about(Purpose::Quoted);
        for text in [wording().letter(&quoted, None).body, wording().short(&quoted, None)] {
            for part in ["320.00 CNY", "2026-04-10 17:30 (Asia/Shanghai)", "400 000 0000"] {
                assert!(text.contains(part), "{part}: {text}");
            }
        }
        assert!(wording().letter(&quoted, None).body.contains("1 × labour, 2 × screen"));
    }

    #[test]
    fn r_ful_03_who_was_not_there_reads_the_number_on_the_parcel_where_it_goes_and_by_when() {
        let told = about(Purpose::ReturnAuthorised);
        for text in [wording().letter(&told, None).body, wording().short(&told, None)] {
            for part in ["R-7KQ2-9XHB", "Returns, 1 Warehouse Road", "2026-04-10 17:30 (Asia/Shanghai)"] {
                assert!(text.contains(part), "{part}: {text}");
            }
        }
        let letter = wording().letter(&told, None).body;
        assert!(letter.contains("Write the number on the parcel.") && letter.contains("请写明编号。"), "{letter}");
    }

    #[test]
    fn r_ful_02_who_waited_for_people_reads_what_they_decided_and_what_he_says_yes_to_or_where_he_turns() {
        let yes = ["say yes", "2026-04-10 17:30 (Asia/Shanghai)"];
        let granted = about(Purpose::ReviewGranted);
        for text in [wording().letter(&granted, None).body, wording().short(&granted, None)] {
            assert!(yes.iter().all(|part| text.contains(part)), "{text}");
            assert!(text.contains("could not be granted") && text.contains("未能同意"), "a part was refused: {text}");
            assert!(!text.contains("The answer is yes") && !text.contains("agreed to what you asked for"), "{text}");
        }
        let mut done = Facts { not_after: None, ..granted };
        let none = BTreeMap::new();
        done.asked = Some(Asked::Review { confirm: false, partly: false, appeal: none });
        for text in [wording().letter(&done, None).body, wording().short(&done, None)] {
            assert!(!text.contains("could not") && !text.contains("未能"), "all of it was granted: {text}");
            assert!(!text.contains("say yes") && text.contains("need not") && !text.contains("2026"), "{text}");
        }
        assert!(!wording().letter(&done, None).body.contains("30"), "all of it was granted");
        let refused = wording().letter(&about(Purpose::ReviewRefused), None).body;
        for part in ["Tell us within 30 days.", "请在30天内告知我们。"] {
            assert!(refused.contains(part), "{part}: {refused}");
        }
        assert!(!refused.contains("say yes"), "{refused}");
    }

    #[test]
    fn r_int_16_an_acknowledgement_names_the_case_the_time_in_its_zone_and_the_way_to_see_how_it_stands() {
        let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        let (from, by) = (at("2026-04-07T01:00:00Z"), at("2026-04-07T01:05:00Z"));
        let of = Acknowledgement { case_id: "c-1", from, by, zone: "Asia/Shanghai", health: false, link: LINK };
        let said = wording().acknowledgement(&of);
        for part in [
            "c-1",
            "2026-04-07 09:00 (Asia/Shanghai)",
            "2026-04-07 09:05",
            "https://care.example/v1/status/",
            "您",
            "you",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(!said.contains(['{', '}']) && !said.contains("400 000 0000"), "{said}");
        let harm = Acknowledgement { from: None, health: true, ..of };
        let harm = wording().acknowledgement(&harm);
        assert!(harm.matches("400 000 0000").count() == 2 && !harm.contains("09:00"), "{harm}");
        assert!(harm.len() <= 2_048, "WeChat takes so many bytes");
        let bare = Acknowledgement { case_id: "c-1", from: None, by, zone: "Nowhere/At_All", health: false, link: "" };
        let bare = wording().acknowledgement(&bare);
        assert!(bare.contains("2026-04-07 01:05 (UTC)") && !bare.contains("http"), "{bare}");
    }
}
