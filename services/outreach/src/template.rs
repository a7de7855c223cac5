//! The words of a message, in Chinese and English. Invariant: they are the same for every customer but for the
//! reference; no name, product, illness or text of a customer stands in them, so that a glance at a locked screen
//! tells nothing (R-SEC-01, R-SEC-02).
use jiff::{Timestamp, tz::TimeZone};
use uuid::Uuid;

use crate::domain::message::Purpose;

/// What the templates leave open.
#[derive(Clone, Debug)]
pub struct Wording {
    /// Who writes.
    pub service: String,
    /// How the customer reaches a person.
    pub contact: String,
    /// Where status pages are; none where no message names one.
    pub status_pages: Option<String>,
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
    /// The e-mail about `about_id`, with the link to the status page where there is one.
    pub fn letter(&self, purpose: Purpose, about_id: Uuid, link: Option<&str>) -> Letter {
        let text = self.fill(email(purpose), &about_id.to_string(), &[("{link}", self.page(link))]);
        let (subject, body) = text.split_once("\n\n").unwrap_or(("", &text));
        Letter { subject: subject.to_owned(), body: body.to_owned() }
    }

    /// The short message about `about_id`, with the link to the status page where there is one.
    pub fn short(&self, purpose: Purpose, about_id: Uuid, link: Option<&str>) -> String {
        let text = self.fill(sms(purpose), &about_id.to_string(), &[("{link}", self.page(link))]);
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
        Purpose::Answer => "",
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const LINK: &str = "/v1/status/AZ3vAZ3vAZ3vAZ3vAZ3vAZ3vAZ3vAZ3vAZ3vAZ3vAZ3vAZ3vAZ3vAZ3vAZ3vAZ3vAZ3vAZ3vAZ3";

    const ALL: [Purpose; 10] = [
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
    ];

    fn wording() -> Wording {
        let status_pages = Some("https://care.example".into());
        Wording { service: "Customer Care".into(), contact: "400 000 0000".into(), status_pages }
    }

    #[test]
    fn every_purpose_has_both_forms_in_both_languages_with_nothing_left_open() {
        let about = Uuid::from_u128(7);
        for purpose in ALL {
            let letter = wording().letter(purpose, about, None);
            let short = wording().short(purpose, about, None);
            for text in [&letter.body, &short] {
                assert!(text.contains(&about.to_string()), "{purpose:?}: {text}");
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
        let telling =
            ["complaint", "refund", "allerg", "discomfort", "product", "投诉", "退款", "过敏", "不适", "产品"];
        for purpose in ALL {
            let letter = wording().letter(purpose, Uuid::from_u128(7), Some(LINK));
            let glance = format!("{} {}", letter.subject, wording().short(purpose, Uuid::from_u128(7), Some(LINK)))
                .to_lowercase();
            assert!(telling.iter().all(|word| !glance.contains(word)), "{glance}");
        }
    }

    #[test]
    fn r_int_24_what_tells_how_far_things_are_names_the_status_page_and_nothing_where_there_is_none() {
        let told = [Purpose::Offer, Purpose::Result, Purpose::Progress, Purpose::Satisfaction, Purpose::Repaired];
        let page = format!("https://care.example{LINK}");
        for purpose in ALL {
            let about = Uuid::from_u128(7);
            let (letter, short) =
                (wording().letter(purpose, about, Some(LINK)), wording().short(purpose, about, Some(LINK)));
            let named = (letter.body.matches(&page).count(), short.matches(&page).count());
            assert_eq!(named, if told.contains(&purpose) { (2, 1) } else { (0, 0) }, "{purpose:?}: {short}");
            assert!(short.chars().count() <= 420 && !short.contains('\n'), "{purpose:?}: {short}");
            let nowhere = Wording { status_pages: None, ..wording() };
            assert_eq!(nowhere.letter(purpose, about, Some(LINK)), wording().letter(purpose, about, None));
            assert!(!wording().short(purpose, about, None).contains("http"));
        }
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
