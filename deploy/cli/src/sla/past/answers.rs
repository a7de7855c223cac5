//! What intake promises: the first answer, feedback on what is urgent, and an answer to each further turn of the customer.
use contracts::{
    Event, Message,
    common::v1::{self as common, CaseClass, Lane},
    intake::v1 as intake,
    operations::v1::JournalEntry,
};
use jiff::Timestamp;
use kernel::{
    promise::{Cause, How},
    sla::Kind,
};

use super::{Facts, Past, class, instant, lane, word};

/// All that is promised of answers.
const ANSWERS: [Kind; 3] = [Kind::FirstResponse, Kind::UrgentFeedback, Kind::NextResponse];
/// What the first answer keeps.
const FIRST: [Kind; 2] = [Kind::FirstResponse, Kind::UrgentFeedback];

impl Past {
    /// What an event of intake says about promises; false where it is none of these.
    pub(super) fn answers(&mut self, entry: &JournalEntry, occurred: Timestamp) -> anyhow::Result<bool> {
        let (id, body) = (entry.aggregate_id.as_str(), entry.payload.as_ref());
        match entry.r#type.as_str() {
            intake::CaseRegistered::TYPE => self.registered(&intake::CaseRegistered::decode(body)?)?,
            intake::CaseHealthRaised::TYPE => {
                if let Some(due) = &intake::CaseHealthRaised::decode(body)?.urgent_by {
                    let priority = lane(Lane::Health);
                    let facts = Facts { priority, ..self.facts_of(Kind::FirstResponse, id) };
                    self.begins(Kind::UrgentFeedback, id, facts, occurred, instant(Some(due))?);
                }
            }
            intake::CaseResponded::TYPE => {
                let at = instant(intake::CaseResponded::decode(body)?.responded_at.as_ref())?;
                FIRST.into_iter().for_each(|kind| self.ends(kind, id, at, How::Met));
            }
            intake::CaseResponseCorrected::TYPE => {
                let at = instant(intake::CaseResponseCorrected::decode(body)?.responded_at.as_ref())?;
                FIRST.into_iter().for_each(|kind| self.ended_earlier(kind, id, at));
            }
            intake::CaseContactAdded::TYPE => {
                let event = intake::CaseContactAdded::decode(body)?;
                let channel = channel(event.channel());
                self.turn(id, event.reply.as_ref(), channel)?;
            }
            intake::CaseReopened::TYPE => self.turn(id, intake::CaseReopened::decode(body)?.reply.as_ref(), None)?,
            intake::CaseReplied::TYPE => {
                let at = instant(intake::CaseReplied::decode(body)?.replied_at.as_ref())?;
                self.ends(Kind::NextResponse, id, at, How::Met);
            }
            intake::CaseClosed::TYPE => {
                let at = instant(intake::CaseClosed::decode(body)?.closed_at.as_ref())?;
                self.cancelled(id, at, Cause::Closed);
            }
            intake::CaseRejected::TYPE => {
                let at = instant(intake::CaseRejected::decode(body)?.rejected_at.as_ref())?;
                self.cancelled(id, at, Cause::Rejected);
            }
            intake::CaseMerged::TYPE => {
                let at = instant(intake::CaseMerged::decode(body)?.merged_at.as_ref())?;
                self.cancelled(id, at, Cause::Merged);
            }
            intake::CaseUnmerged::TYPE => ANSWERS.into_iter().for_each(|kind| self.unmerged(kind, id)),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn cancelled(&mut self, id: &str, at: Timestamp, cause: Cause) {
        ANSWERS.into_iter().for_each(|kind| self.ends(kind, id, at, How::Cancelled(cause)));
    }

    /// The customer said more, on this channel where it is another one than the case's, and is owed an answer.
    fn turn(&mut self, id: &str, owed: Option<&intake::ReplyOwed>, channel: Option<String>) -> anyhow::Result<()> {
        let Some(owed) = owed else { return Ok(()) };
        let of_case = self.facts_of(Kind::FirstResponse, id);
        let facts = Facts { channel: channel.or_else(|| of_case.channel.clone()), urgent: false, ..of_case };
        let (since, due) = (instant(owed.since.as_ref())?, instant(owed.reply_by.as_ref())?);
        self.versions.seen(&owed.calendar, owed.calendar_version, since);
        self.begins(Kind::NextResponse, id, facts, since, due);
        Ok(())
    }

    /// What a policy is asked of a case; a complaint or a suggestion is asked of with the same words.
    pub(super) fn asked_by(&mut self, event: &intake::CaseRegistered) -> Facts {
        let facts = Facts {
            channel: channel(event.channel()),
            class: class(event.class()),
            priority: lane(event.lane()),
            store: Some(event.store_id.clone()).filter(|store| !store.is_empty()),
            segment: (event.vip_tier >= 1).then(|| "vip".to_owned()),
            // Health matters were urgent before events said so, and urgent ones had two ends before events told both.
            urgent: event.urgent_by.is_none() && (event.urgent || event.lane() == Lane::Health),
            ..Facts::default()
        };
        let about = Facts { urgent: false, ..facts.clone() };
        if !event.complaint_id.is_empty() {
            self.complaints.insert(event.complaint_id.clone(), about);
        } else if event.class() == CaseClass::Suggestion {
            self.complaints.insert(kernel::id::derived("suggestion", &[&event.case_id]).to_string(), about);
        }
        facts
    }

    fn registered(&mut self, event: &intake::CaseRegistered) -> anyhow::Result<()> {
        let facts = self.asked_by(event);
        let answer_by = event.answer_by.as_ref().or(event.respond_by.as_ref());
        let (from, due) = (instant(event.recorded_at.as_ref())?, instant(answer_by)?);
        self.versions.seen(&event.calendar, event.calendar_version, from);
        self.begins(Kind::FirstResponse, &event.case_id, facts.clone(), from, due);
        if let Some(due) = &event.urgent_by {
            self.begins(Kind::UrgentFeedback, &event.case_id, facts, from, instant(Some(due))?);
        }
        Ok(())
    }
}

fn channel(channel: common::Channel) -> Option<String> {
    word(channel.as_str_name(), "CHANNEL_", common::Channel::Unspecified.as_str_name())
}
