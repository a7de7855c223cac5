//! Contract and domain: what others learn of purchases and cases is decided here and nowhere else.
//! Invariant: customers leave by pseudonym only; no name, number, address or word of a customer is in an event.
mod beside;
mod call;
pub mod course;
pub mod customer;
pub mod health;
pub mod major_issue;
pub mod purchase;
pub mod regulator;
mod reply;
mod sending;

use std::collections::BTreeSet;

use backbone::{Aggregate, Fault, Published, proto};
use contracts::{common::v1 as common, intake::v1 as contract};
use jiff::Timestamp;
use kernel::sla::Kind;
use uuid::Uuid;

use crate::{
    deadlines,
    domain::{
        arrival::Doubt,
        assignment::Assignment,
        case::{self, Case},
        ending::Unfit,
        minimum::Field,
        priority::Priority,
        record::{Added, Part},
        vocabulary::{CaseClass, Channel, Emotion, Lane, Outcome},
    },
};

impl Aggregate for Case {
    const TABLE: &'static str = "case_file";
    type Command = case::Command;
    type Event = case::Event;
    type Rejection = case::Rejection;

    fn decide(&self, command: Self::Command, now: Timestamp) -> Result<Vec<Self::Event>, Self::Rejection> {
        Case::decide(self, command, now)
    }

    fn apply(&mut self, event: &Self::Event) {
        Case::apply(self, event);
    }

    fn publish(&self, event: &Self::Event, shard: u8) -> Published {
        let facts = self.facts.as_ref();
        let case_id = facts.map(|facts| facts.case_id.to_string()).unwrap_or_default();
        let complaint_id = facts.and_then(|facts| facts.complaint_id).map(|id| id.to_string()).unwrap_or_default();
        let respond_by = facts.map(|facts| proto::timestamp(facts.respond_by));
        let queue = || facts.map_or(0, |facts| lane(facts.lane).into());
        let recorded_at = || facts.map(|facts| proto::timestamp(facts.recorded_at));
        match event {
            case::Event::Registered { facts, .. } => Published::of(&taken_in(self, facts), shard).at(facts.occurred_at),
            case::Event::Responded { at, in_time, .. } => {
                beside::responded((case_id, complaint_id), respond_by, (*at, *in_time), shard)
            }
            case::Event::ResponseCorrected { at, in_time, was_at, was_late, .. } => {
                let (is, was) = ((*at, *in_time), (*was_at, *was_late));
                beside::corrected((case_id, complaint_id), respond_by, is, was, shard)
            }
            case::Event::ResponseDueSoon { warning, promises } => {
                let respond_by = self.due_of(promises).map(proto::timestamp).or(respond_by);
                let (warning, lane) = (warning.to_string(), queue());
                Published::of(
                    &contract::CaseResponseDueSoon { case_id, warning, respond_by, complaint_id, lane },
                    shard,
                )
            }
            case::Event::ResponseMissed { .. } => {
                let missed = contract::CaseResponseMissed { case_id, respond_by, complaint_id, lane: queue() };
                let missed = Published::of(&missed, shard);
                facts.map(|facts| facts.respond_by).into_iter().fold(missed, Published::at)
            }
            case::Event::FeedbackMissed { promises } => {
                beside::feedback_missed((case_id, complaint_id), queue(), self.due_of(promises), shard)
            }
            case::Event::Closed { outcome, at, .. } => {
                let (outcome, registered_at) = (outcome.word().to_owned(), recorded_at());
                let closed_at = Some(proto::timestamp(*at));
                Published::of(&contract::CaseClosed { case_id, outcome, registered_at, closed_at }, shard)
            }
            case::Event::RecordCompleted(added) => Published::of(&completed(added, case_id, complaint_id), shard),
            case::Event::Assigned { assignment: given, .. } => {
                let assignment = Some(assignment(given));
                Published::of(&contract::CaseAssigned { case_id, complaint_id, assignment }, shard)
            }
            case::Event::InfoRequested { missing, until } => {
                let (missing, until) = (parts(missing), Some(proto::timestamp(*until)));
                Published::of(&contract::CaseInfoRequested { case_id, missing, until }, shard)
            }
            case::Event::InfoAdded { still_missing } => {
                Published::of(&contract::CaseInfoAdded { case_id, still_missing: parts(still_missing) }, shard)
            }
            case::Event::Rejected { what, at, .. } => {
                let (what, registered_at) = (unfit(*what).into(), recorded_at());
                let rejected_at = Some(proto::timestamp(*at));
                Published::of(&contract::CaseRejected { case_id, what, registered_at, rejected_at }, shard)
            }
            case::Event::Tagged { tag, put } => beside::tagged(case_id, tag, *put, shard),
            case::Event::AnswerOffered(offer) => beside::offered(case_id, &offer.article, shard),
            case::Event::AnswerJudged(helpful) => beside::judged(case_id, self.offer.as_ref(), *helpful, shard),
            case::Event::Reopened => course::reopened(case_id, contract::ReopenedBy::Complaint, None, shard),
            case::Event::Reply(event) => reply::published(self, event, (case_id, queue()), shard),
            case::Event::Sent(event) => sending::published(self, event, (case_id, complaint_id), shard),
            case::Event::Course(event) => course::publish(self, event, shard),
            case::Event::Advised(opinion) => Published::of(&beside::advised(case_id, opinion), shard),
            case::Event::Classified(event) => Published::of(&beside::classified(self, event), shard),
            case::Event::Health(event) => health::published(self, event, case_id, complaint_id, shard),
            case::Event::Report(event) => regulator::published(self, event, case_id, complaint_id, shard),
            case::Event::Rated(rating) => beside::rated(case_id, complaint_id, rating, shard),
        }
    }

    fn deadlines(&self) -> Vec<(&'static str, Timestamp)> {
        deadlines::of(self)
    }

    fn on_deadline(kind: &str) -> Option<Self::Command> {
        deadlines::fires(kind)
    }
}

impl From<case::Rejection> for Fault {
    fn from(rejection: case::Rejection) -> Self {
        Fault::rejected(rejection.code(), rejection.to_string())
    }
}

fn completed(added: &Added, case_id: String, complaint_id: String) -> contract::CaseRecordCompleted {
    contract::CaseRecordCompleted {
        case_id,
        complaint_id,
        record_parts: parts(&added.parts),
        emotion: added.emotion.map_or(common::Emotion::Unspecified, emotion).into(),
    }
}

pub fn taken_in(case: &Case, facts: &case::Facts) -> contract::CaseRegistered {
    let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let calendar = case.promises.last(Kind::FirstResponse).and_then(|promise| promise.terms.calendar.as_ref());
    let due = |kind| case.promises.last(kind).map(|promise| promise.standing.due_at);
    let both = due(Kind::FirstResponse).zip(due(Kind::UrgentFeedback));
    contract::CaseRegistered {
        case_id: facts.case_id.to_string(),
        customer_id: facts.customer_id.to_string(),
        channel: channel(facts.channel).into(),
        purchase_id: id(facts.purchase_id),
        product_id: facts.product_id.clone().unwrap_or_default(),
        batch: facts.batch.clone().unwrap_or_default(),
        class: class(facts.class).into(),
        class_source: facts.class_source.clone(),
        emotion: facts.emotion.map_or(common::Emotion::Unspecified, emotion).into(),
        lane: lane(facts.lane).into(),
        health_severity: u32::from(facts.health_severity),
        priority: Some(priority(&facts.priority)),
        occurred_at: Some(proto::timestamp(facts.occurred_at)),
        recorded_at: Some(proto::timestamp(facts.recorded_at)),
        respond_by: Some(proto::timestamp(facts.respond_by)),
        complaint_id: id(facts.complaint_id),
        follow_up_id: id(facts.follow_up_id),
        store_id: facts.store_id.clone().unwrap_or_default(),
        vip_tier: u32::from(facts.vip_tier),
        is_repeat: facts.repeat_contact,
        urgent: facts.is_urgent(),
        answered_from: facts.answered_from.map(proto::timestamp),
        calendar: calendar.map(|calendar| calendar.id.clone()).unwrap_or_default(),
        calendar_version: calendar.map_or(0, |calendar| calendar.version),
        answer_by: both.map(|(answer, _)| proto::timestamp(answer)),
        urgent_by: both.map(|(_, feedback)| proto::timestamp(feedback)),
        record_parts: parts(&facts.parts),
        fields_left_out: fields(&facts.left_out),
    }
}

/// The fields by their names.
pub fn fields<'a>(fields: impl IntoIterator<Item = &'a Field>) -> Vec<String> {
    fields.into_iter().map(|field| field.word().to_owned()).collect()
}

fn parts(parts: &BTreeSet<Part>) -> Vec<i32> {
    let part = |part: &Part| match part {
        Part::Content => contract::RecordPart::Content,
        Part::Emotion => contract::RecordPart::Emotion,
        Part::Circumstances => contract::RecordPart::Circumstances,
        Part::ExpectedResolution => contract::RecordPart::ExpectedResolution,
    };
    parts.iter().map(|one| part(one).into()).collect()
}

/// The part of the record that is named, if one is.
pub fn part_of(part: i32) -> Option<Part> {
    match contract::RecordPart::try_from(part).ok()? {
        contract::RecordPart::Unspecified => None,
        contract::RecordPart::Content => Some(Part::Content),
        contract::RecordPart::Emotion => Some(Part::Emotion),
        contract::RecordPart::Circumstances => Some(Part::Circumstances),
        contract::RecordPart::ExpectedResolution => Some(Part::ExpectedResolution),
    }
}

/// What a case that is none is instead, if it is said.
pub fn unfit_of(what: contract::Unfit) -> Option<Unfit> {
    match what {
        contract::Unfit::Unspecified => None,
        contract::Unfit::Spam => Some(Unfit::Spam),
        contract::Unfit::Test => Some(Unfit::Test),
        contract::Unfit::NotOurs => Some(Unfit::NotOurs),
    }
}

fn unfit(what: Unfit) -> contract::Unfit {
    match what {
        Unfit::Spam => contract::Unfit::Spam,
        Unfit::Test => contract::Unfit::Test,
        Unfit::NotOurs => contract::Unfit::NotOurs,
    }
}

/// What a case is about, as the contract says it; `None` where nothing is said.
pub fn class_of(said: common::CaseClass) -> Option<CaseClass> {
    CaseClass::ALL.into_iter().find(|known| class(*known) == said)
}

/// Where a contact came in, as the contract says it; `None` where nothing is said.
pub fn channel_of(said: common::Channel) -> Option<Channel> {
    Channel::OUTSIDE.into_iter().chain([Channel::FollowUp]).find(|known| channel(*known) == said)
}

/// How somebody feels, as the contract says it; `None` where nothing is said.
pub fn emotion_of(emotion: common::Emotion) -> Option<Emotion> {
    match emotion {
        common::Emotion::Unspecified => None,
        common::Emotion::Calm => Some(Emotion::Calm),
        common::Emotion::Worried => Some(Emotion::Worried),
        common::Emotion::Dissatisfied => Some(Emotion::Dissatisfied),
        common::Emotion::Angry => Some(Emotion::Angry),
        common::Emotion::Distressed => Some(Emotion::Distressed),
    }
}

/// A case as staff tools and other services see it. `None` when there is none.
pub fn view(version: u64, case: &Case) -> Option<contract::CaseView> {
    let facts = case.facts.as_ref()?;
    let (closed_at, outcome) = match case.state {
        case::State::Closed { outcome, at } => (Some(proto::timestamp(at)), outcome.word().to_owned()),
        case::State::Rejected { what, at, .. } => (Some(proto::timestamp(at)), what.word().to_owned()),
        _ => (None, String::new()),
    };
    Some(contract::CaseView {
        case_id: facts.case_id.to_string(),
        version,
        status: status(&case.state).to_owned(),
        registered: Some(taken_in(case, facts)),
        responded_at: case.responded_at.map(proto::timestamp),
        response_missed: case.response_missed,
        closed_at,
        outcome,
        assignment: case.assignment.as_ref().map(assignment),
        awaiting_until: case.info_until().map(proto::timestamp),
        rejected_because: if let case::State::Rejected { reason, .. } = &case.state {
            reason.clone()
        } else {
            String::new()
        },
        offer: case.offer.as_ref().map(beside::offer),
        tags: case.tags.iter().cloned().collect(),
        missing: if let case::State::AwaitingInfo { missing, .. } = &case.state { parts(missing) } else { vec![] },
        links: course::links(&case.course),
        duplicate_candidates: vec![],
        duplicates: 0,
        viewers: vec![],
        times_reopened: case.course.reopenings.times,
        reopened_because: case.course.reopenings.reason.clone(),
        merged_into: case.merged_into().map(|merged| merged.into.to_string()).unwrap_or_default(),
        merged_because: case.merged_into().map(|merged| merged.reason.clone()).unwrap_or_default(),
        absorbed: case.course.absorbed.keys().map(Uuid::to_string).collect(),
        reply: case.owed_reply().map(reply::owed),
        times_heard: u32::try_from(case.course.further.len()).unwrap_or(u32::MAX),
        lacking: vec![],
        classification: case.judged.as_ref().map(beside::judged_by),
        unsure: facts.is_unsure(),
        advice: case.opinion.as_ref().map(beside::advice),
        sent: case.sent.iter().map(sending::sent).collect(),
        undelivered: case.undelivered,
        answered_over: String::new(),
        out_of_hours: facts.closed.as_ref().map(beside::closed),
        date_doubt: facts.doubt.map(Doubt::word).unwrap_or_default().to_owned(),
        model_reading: facts.reading.as_ref().map(beside::reading),
    })
}

fn assignment(given: &Assignment) -> contract::Assignment {
    contract::Assignment {
        version: given.version,
        assigned_to: given.to.clone(),
        assigned_by: given.by.clone(),
        assigned_at: Some(proto::timestamp(given.at)),
        accepted: given.accepted(),
    }
}

/// The status word of a case, as in its JSON.
pub fn status(state: &case::State) -> &'static str {
    match state {
        case::State::Absent => "absent",
        case::State::Routed => "routed",
        case::State::Responded => "responded",
        case::State::AwaitingInfo { .. } => "awaiting_info",
        case::State::Reopened => "reopened",
        case::State::Closed { .. } => "closed",
        case::State::Rejected { .. } => "rejected",
        case::State::Merged(_) => "merged",
    }
}

/// What a command did, for the caller.
pub fn receipt(id: Uuid, version: u64, case: &Case) -> common::Receipt {
    common::Receipt { id: id.to_string(), version, status: status(&case.state).to_owned() }
}

/// The outcome a person names when closing a case.
pub fn outcome_by_person(word: &str) -> Option<Outcome> {
    Outcome::BY_PERSON.into_iter().find(|outcome| outcome.word() == word)
}

/// How a case ends with its complaint.
pub fn outcome_of_complaint(word: &str) -> Outcome {
    if word == "withdrawn" { Outcome::ComplaintWithdrawn } else { Outcome::ComplaintClosed }
}

fn priority(priority: &Priority) -> contract::Priority {
    let part = |part: &crate::domain::priority::Part| contract::PriorityPart {
        reason: part.reason.clone(),
        points: part.points,
    };
    contract::Priority { score: priority.score, parts: priority.parts.iter().map(part).collect() }
}

/// The channel, as the contract says it.
pub fn channel(channel: Channel) -> common::Channel {
    match channel {
        Channel::Hotline => common::Channel::Hotline,
        Channel::Email => common::Channel::Email,
        Channel::Website => common::Channel::Website,
        Channel::App => common::Channel::App,
        Channel::MiniProgramme => common::Channel::MiniProgramme,
        Channel::OfficialAccount => common::Channel::OfficialAccount,
        Channel::SocialMedia => common::Channel::SocialMedia,
        Channel::Platform => common::Channel::Platform,
        Channel::Shop => common::Channel::Shop,
        Channel::FollowUp => common::Channel::FollowUp,
    }
}

pub fn class(class: CaseClass) -> common::CaseClass {
    match class {
        CaseClass::ServiceAttitude => common::CaseClass::ServiceAttitude,
        CaseClass::ProductEffect => common::CaseClass::ProductEffect,
        CaseClass::ProductQuality => common::CaseClass::ProductQuality,
        CaseClass::Discomfort => common::CaseClass::Discomfort,
        CaseClass::ShopEnvironment => common::CaseClass::ShopEnvironment,
        CaseClass::Delivery => common::CaseClass::Delivery,
        CaseClass::ReturnExchange => common::CaseClass::ReturnExchange,
        CaseClass::Repair => common::CaseClass::Repair,
        CaseClass::Suggestion => common::CaseClass::Suggestion,
        CaseClass::Enquiry => common::CaseClass::Enquiry,
    }
}

pub fn emotion(emotion: Emotion) -> common::Emotion {
    match emotion {
        Emotion::Calm => common::Emotion::Calm,
        Emotion::Worried => common::Emotion::Worried,
        Emotion::Dissatisfied => common::Emotion::Dissatisfied,
        Emotion::Angry => common::Emotion::Angry,
        Emotion::Distressed => common::Emotion::Distressed,
    }
}

fn lane(lane: Lane) -> common::Lane {
    match lane {
        Lane::Standard => common::Lane::Standard,
        Lane::Health => common::Lane::Health,
    }
}
