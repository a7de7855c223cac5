//! A case as channels see it: where it stands, and nothing personal.
use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    domain::{
        case::{Case, State},
        course::LinkKind,
        knowledge::Article,
        minimum::{Field, Minimum},
        priority::Part,
    },
    wire,
};

/// A case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaseView {
    pub case_id: Uuid,
    pub version: u64,
    /// `routed`, `responded`, `awaiting_info`, `closed`, `rejected`, `reopened` or `merged`.
    #[schema(example = "routed")]
    pub status: String,
    #[schema(example = "website")]
    pub channel: String,
    /// The customer by pseudonym.
    pub customer_id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purchase_id: Option<Uuid>,
    #[schema(example = "discomfort")]
    pub class: String,
    /// "stated", or the name of the rule that decided.
    #[schema(example = "health.discomfort")]
    pub class_source: String,
    /// `health` comes before everything in `standard`.
    #[schema(example = "health")]
    pub lane: String,
    /// 0 (none) to 4 (life-threatening).
    pub health_severity: u8,
    pub priority: PriorityView,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    pub occurred_at: Timestamp,
    /// When we took it in.
    #[schema(value_type = String, format = DateTime)]
    pub recorded_at: Timestamp,
    /// A human answers by then.
    #[schema(value_type = String, format = DateTime)]
    pub respond_by: Timestamp,
    /// When a person will be there to answer; absent when one was as we took it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub answered_from: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub responded_at: Option<Timestamp>,
    /// The promised time passed without an answer.
    pub response_missed: bool,
    /// A human answers by then what was said after the first answer; absent where nothing waits for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub reply_by: Option<Timestamp>,
    /// Set when the case is handled as a complaint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complaint_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub closed_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// The case it goes on as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<Uuid>,
    /// The fields of the least its class needs that nobody has told yet; absent where nothing is lacking, and when it is over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(example = json!(["purchase", "expected_resolution"]))]
    pub lacking: Vec<String>,
    /// The fields that were told and not kept: a case of its class does not need them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(example = json!(["customer.address"]))]
    pub left_out: Vec<String>,
    /// The cases it belongs with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<LinkView>,
    /// An article of our knowledge that answers it. Show it to the customer, and send what he says of it to
    /// `POST /v1/cases/{id}/verdict`; a person answers all the same unless it helped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<AnswerView>,
    /// Where the customer can see how it stands and rate its end, without a log-in; good for a time. Told to whoever made the
    /// case, or brings the token of such a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "/v1/status/AZ3v…")]
    pub status_link: Option<String>,
}

/// An article that is offered as an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AnswerView {
    #[schema(example = "storage")]
    pub article_id: String,
    pub version: u32,
    /// Where its words are.
    #[schema(example = "/v1/knowledge/storage")]
    pub href: String,
}

impl AnswerView {
    fn of(article: &Article) -> Self {
        let (article_id, version) = (article.id.clone(), article.version);
        Self { href: format!("/v1/knowledge/{article_id}"), article_id, version }
    }
}

/// A case another one belongs with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkView {
    pub case_id: Uuid,
    /// `related`; `parent`, `child`; `follow_up_of`, `followed_up_by`.
    #[schema(value_type = String, example = "follow_up_of")]
    pub kind: LinkKind,
}

/// The points a case started with in its queue, and what they are for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PriorityView {
    pub score: i64,
    pub parts: Vec<PartView>,
}

/// Points for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PartView {
    #[schema(example = "health_severity")]
    pub reason: String,
    #[schema(example = 1000)]
    pub points: i64,
}

impl CaseView {
    /// The case as it is, beside what is needed; `None` when there is none.
    pub fn of(version: u64, case: &Case, minimum: &Minimum, status_link: Option<String>) -> Option<Self> {
        let facts = case.facts.as_ref()?;
        let part = |part: &Part| PartView { reason: part.reason.clone(), points: part.points };
        let (closed_at, outcome) = match case.state {
            State::Closed { outcome, at } => (Some(at), Some(outcome.word().to_owned())),
            State::Rejected { what, at, .. } => (Some(at), Some(what.word().to_owned())),
            _ => (None, None),
        };
        let further = case.course.further.iter().flat_map(|further| &further.left_out);
        let left_out: BTreeSet<Field> = facts.left_out.iter().chain(further).copied().collect();
        Some(Self {
            case_id: facts.case_id,
            version,
            status: wire::status(&case.state).to_owned(),
            channel: facts.channel.word().to_owned(),
            customer_id: facts.customer_id,
            purchase_id: facts.purchase_id,
            class: facts.class.word().to_owned(),
            class_source: facts.class_source.clone(),
            lane: facts.lane.word().to_owned(),
            health_severity: facts.health_severity,
            priority: PriorityView {
                score: facts.priority.score,
                parts: facts.priority.parts.iter().map(part).collect(),
            },
            occurred_at: facts.occurred_at,
            recorded_at: facts.recorded_at,
            respond_by: facts.respond_by,
            answered_from: facts.answered_from,
            responded_at: case.responded_at,
            response_missed: case.response_missed,
            reply_by: case.owed_reply().map(|owed| owed.standing.due_at),
            complaint_id: facts.complaint_id,
            closed_at,
            outcome,
            merged_into: case.merged_into().map(|merged| merged.into),
            lacking: wire::fields(&minimum.lacking(case)),
            left_out: wire::fields(&left_out),
            links: case.course.all_links().into_iter().map(|(case_id, kind)| LinkView { case_id, kind }).collect(),
            answer: case.offer.as_ref().map(|offer| AnswerView::of(&offer.article)),
            status_link,
        })
    }
}
