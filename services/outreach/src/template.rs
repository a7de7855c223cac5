//! The words of a message, in Chinese and English. Invariant: they are the same for every customer but for the
//! reference; no name, product, illness or text of a customer stands in them, so that a glance at a locked screen
//! tells nothing (R-SEC-01, R-SEC-02).
use uuid::Uuid;

use crate::domain::message::Purpose;

/// What the templates leave open.
#[derive(Clone, Debug)]
pub struct Wording {
    /// Who writes.
    pub service: String,
    /// How the customer reaches a person.
    pub contact: String,
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
    /// The e-mail about `about_id`.
    pub fn letter(&self, purpose: Purpose, about_id: Uuid) -> Letter {
        let text = self.fill(email(purpose), about_id);
        let (subject, body) = text.split_once("\n\n").unwrap_or(("", &text));
        Letter { subject: subject.to_owned(), body: body.to_owned() }
    }

    /// The short message about `about_id`.
    pub fn short(&self, purpose: Purpose, about_id: Uuid) -> String {
        self.fill(sms(purpose), about_id).trim_end().to_owned()
    }

    fn fill(&self, template: &str, about_id: Uuid) -> String {
        template
            .replace("{service}", &self.service)
            .replace("{contact}", &self.contact)
            .replace("{reference}", &about_id.to_string())
    }
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
    use super::*;

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
        Wording { service: "Customer Care".into(), contact: "400 000 0000".into() }
    }

    #[test]
    fn every_purpose_has_both_forms_in_both_languages_with_nothing_left_open() {
        let about = Uuid::from_u128(7);
        for purpose in ALL {
            let letter = wording().letter(purpose, about);
            let short = wording().short(purpose, about);
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
            let letter = wording().letter(purpose, Uuid::from_u128(7));
            let glance = format!("{} {}", letter.subject, wording().short(purpose, Uuid::from_u128(7))).to_lowercase();
            assert!(telling.iter().all(|word| !glance.contains(word)), "{glance}");
        }
    }
}
