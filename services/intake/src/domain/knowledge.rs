//! An article of our knowledge, offered to a plain enquiry as its answer (R-INT-08, R-INT-17). Beside how far the case has
//! come, and not part of it: it waits for a person as before, until the customer says that the article helped.
//! Invariants: never offered where there is harm, a threat, an unhappy customer or a repeat; the customer judges it once;
//! helped ends the case unless harm is known by then, anything else leaves it with a person.
use jiff::Timestamp;
use kernel::sla::Levels;
use serde::{Deserialize, Serialize};

use super::{
    case::{Case, Contact, Event, Rejection},
    classify::Heard,
    sending::{self, Words, article_message},
    vocabulary::{CaseClass, Channel, Emotion, Lane, Outcome},
};

/// The channels on which an answer is seen at once.
pub const CHATS: [Channel; 4] = [Channel::Website, Channel::App, Channel::MiniProgramme, Channel::OfficialAccount];

/// An article, as it was when it was offered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Article {
    pub id: String,
    pub version: u32,
}

/// What a case was offered, and what the customer said of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    pub article: Article,
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub helpful: Option<bool>,
}

impl Contact {
    /// Whether an article may answer it: a calm question on a channel where the answer is seen at once, and nothing else.
    pub fn is_plain_enquiry(&self) -> bool {
        self.classification.class == CaseClass::Enquiry && self.is_calm()
    }

    /// The same of what its words are about, once it is known that it only asks.
    pub fn is_calm(&self) -> bool {
        let Heard { threat, minor, emotion } = self.classification.heard;
        self.classification.severity == 0
            && self.health.is_empty()
            && !(threat || minor || self.repeat_contact)
            && !self.emotion.or(emotion).is_some_and(Emotion::is_negative)
            && CHATS.contains(&self.channel)
    }

    /// What follows from the article that was found for it: it is offered, and sent where nobody shows it.
    pub(super) fn offered(&self, now: Timestamp) -> Vec<Event> {
        let Some(article) = self.article.clone().filter(|_| self.is_plain_enquiry()) else { return vec![] };
        let message_id = article_message(self.case_id);
        let sent =
            self.over.clone().map(|over| sending::Event::Asked { message_id, over, words: Words::Article, at: now });
        let offered = Event::AnswerOffered(Offer { article, at: now, helpful: None });
        std::iter::once(offered).chain(sent.map(Event::Sent)).collect()
    }
}

impl Case {
    /// The customer says whether the article helped. Errors: none was offered; it was judged otherwise; the case is closed.
    pub(super) fn judge(&self, helpful: bool, levels: &Levels, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        let offer = self.offer.as_ref().ok_or(Rejection::NothingOffered)?;
        match offer.helpful {
            Some(before) if before == helpful => return Ok(vec![]),
            Some(_) => return Err(Rejection::AnswerJudged),
            None if self.is_ended() => return Err(Rejection::Closed),
            None => {}
        }
        let judged = Event::AnswerJudged(helpful);
        let harmed = self.facts.as_ref().is_some_and(|facts| facts.lane == Lane::Health);
        let ended = if helpful && !harmed { self.end(Outcome::AnsweredFromKnowledge, levels, now)? } else { vec![] };
        Ok(std::iter::once(judged).chain(ended).collect())
    }
}
