//! An event as people read it, one line each, or as JSON with its contract's field names.
use contracts::operations::v1::JournalEntry;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::output::Report;

/// Of so many parts each is shown; of more, only how many they are.
const PARTS_MAX: usize = 4;

/// An event of the journal or of a stream.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    pub time: Timestamp,
    pub subject: String,
    pub r#type: String,
    pub aggregate_id: String,
    pub version: u64,
    pub actor: String,
    /// Absent when this program does not know the type.
    pub data: Option<Value>,
}

impl Event {
    /// An event as its owner's journal has it.
    pub fn of(entry: JournalEntry) -> Self {
        let time = entry.occurred_at.and_then(|at| Timestamp::new(at.seconds, at.nanos).ok());
        Self {
            time: time.unwrap_or_default(),
            data: data(&entry.r#type, &entry.payload),
            subject: entry.subject,
            r#type: entry.r#type,
            aggregate_id: entry.aggregate_id,
            version: entry.version,
            actor: entry.actor,
        }
    }
}

/// The payload by its contract's names.
pub fn data(event_type: &str, payload: &[u8]) -> Option<Value> {
    serde_json::from_str(&contracts::to_json(event_type, payload)?).ok()
}

impl Report for Event {
    fn text(&self) -> String {
        let time = self.time.strftime("%Y-%m-%d %H:%M:%S");
        let what = what(&self.subject);
        let fields = self.data.as_ref().and_then(Value::as_object).into_iter().flatten();
        let mut fields: Vec<(String, String)> = fields.flat_map(|(name, value)| words(name, value)).collect();
        // What people understand first, ids last.
        fields.sort_by_key(|(name, _)| (name.ends_with("_id") || name.ends_with("_ids"), name.clone()));
        let fields: Vec<String> = fields.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{time}  {what:<38} v{:<3} {:<14} {}", self.version, self.actor, fields.join(" "))
    }
}

/// What happened, out of the subject: without the space, the version and the shard.
fn what(subject: &str) -> String {
    let words = subject.trim_start_matches("aftercare.").split('.');
    let words: Vec<&str> = words.filter(|word| *word != "v1" && word.parse::<u8>().is_err()).collect();
    words.join(" ")
}

/// A field in words: of parts, each by its own name; of a few parts each of them, by its place.
fn words(name: &str, value: &Value) -> Vec<(String, String)> {
    let of_parts = |prefix: String, parts: &serde_json::Map<String, Value>| -> Vec<_> {
        parts.iter().flat_map(|(part, value)| words(&format!("{prefix}.{part}"), value)).collect()
    };
    match value {
        Value::Object(parts) if !is_money(parts) => of_parts(name.to_owned(), parts),
        Value::Array(list) if list.len() <= PARTS_MAX && list.iter().all(Value::is_object) => {
            let part = |(place, part): (usize, &Value)| words(&format!("{name}.{place}"), part);
            (1..).zip(list).flat_map(part).collect()
        }
        other => word(other).map(|word| (name.to_owned(), word)).into_iter().collect(),
    }
}

fn is_money(parts: &serde_json::Map<String, Value>) -> bool {
    parts.len() == 2 && parts.contains_key("minor") && parts.contains_key("currency")
}

/// A value in one word. Nothing is said about empty ones; of lists only how long they are, or all their words where these are few.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(plain(text)),
        Value::Array(list) if list.is_empty() => None,
        Value::Array(list) if list.len() <= PARTS_MAX && list.iter().all(Value::is_string) => {
            Some(list.iter().filter_map(word).collect::<Vec<_>>().join(","))
        }
        Value::Array(list) => Some(list.len().to_string()),
        Value::Object(parts) => match (parts.get("minor").and_then(Value::as_i64), parts.get("currency")) {
            (Some(minor), Some(Value::String(currency))) => Some(money(minor, currency)),
            _ => Some(value.to_string()),
        },
        other => Some(other.to_string()),
    }
}

/// An amount as people write it.
pub fn money(minor: i64, currency: &str) -> String {
    let digits = currency.parse::<kernel::money::Currency>().map_or(0, kernel::money::Currency::minor_digits);
    let unit = 10u64.pow(digits);
    let (sign, minor) = (if minor < 0 { "-" } else { "" }, minor.unsigned_abs());
    match digits {
        0 => format!("{sign}{minor} {currency}"),
        _ => format!("{sign}{}.{:0width$} {currency}", minor / unit, minor % unit, width = digits as usize),
    }
}

/// Enum values without the prefix their contract must give them.
fn plain(text: &str) -> String {
    const PREFIXES: [&str; 14] = [
        "CALL_OUTCOME_",
        "CASE_CLASS_",
        "CHANNEL_",
        "EMOTION_",
        "ESCALATION_LEVEL_",
        "ESCALATION_TRIGGER_",
        "FOLLOW_UP_KIND_",
        "LANE_",
        "MEDIUM_",
        "MEDICAL_CARE_",
        "PURPOSE_",
        "RECORD_PART_",
        "REMEDY_KIND_",
        "TENDER_KIND_",
    ];
    match PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix)) {
        Some(value) => value.to_lowercase(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use contracts::{
        Message,
        common::v1::{CaseClass, Lane, Money, TenderKind},
        complaint::v1::{EscalationDetail, EscalationRaised, EscalationTrigger, TaskIssued},
        fulfilment::v1::{CompensationGift, CompensationMoved, PayoutDivided, TenderPortion},
    };

    use super::*;

    fn issued() -> Event {
        let task = TaskIssued {
            task_id: "t1".into(),
            department: "quality".into(),
            class: CaseClass::ProductQuality.into(),
            lane: Lane::Health.into(),
            ..TaskIssued::default()
        };
        Event::of(JournalEntry {
            r#type: "aftercare.complaint.v1.TaskIssued".into(),
            subject: "dept.v1.quality.task.issued".into(),
            payload: task.encode_to_vec().into(),
            version: 1,
            actor: "system:routing".into(),
            ..JournalEntry::default()
        })
    }

    #[test]
    fn a_line_says_what_happened_in_words() {
        let line = issued().text();
        for part in ["1970-01-01 00:00:00", "dept quality task issued", "class=product_quality", "lane=health", "v1"] {
            assert!(line.contains(part), "{part:?} is missing in {line:?}");
        }
        assert!(!line.contains("batch"), "empty fields are not shown: {line}");
        assert!(line.ends_with("task_id=t1"), "ids come last: {line}");
    }

    #[test]
    fn parts_are_shown_each_by_its_name_and_money_as_money() {
        let portion = |tender: TenderKind, minor| TenderPortion {
            tender_no: 1,
            tender: tender.into(),
            amount: Some(Money { minor, currency: "CNY".into() }),
            status: "due".into(),
            ..TenderPortion::default()
        };
        let divided = PayoutDivided {
            portions: vec![portion(TenderKind::Card, 1_250), portion(TenderKind::Points, 30)],
            ..Default::default()
        };
        let gift = CompensationGift { what: "coupon".into(), reason: "late".into(), ..CompensationGift::default() };
        let moved = CompensationMoved { gift: Some(gift), status: "held_back".into(), ..CompensationMoved::default() };
        let lost = EscalationRaised {
            trigger: EscalationTrigger::ParcelLost.into(),
            department: "logistics".into(),
            detail: Some(EscalationDetail { what: "parcel".into(), ..EscalationDetail::default() }),
            ..EscalationRaised::default()
        };
        for (r#type, payload, parts) in [
            (
                "PayoutDivided",
                divided.encode_to_vec(),
                &["portions.1.tender=card", "portions.1.amount=12.50 CNY", "portions.2.tender=points"][..],
            ),
            ("CompensationMoved", moved.encode_to_vec(), &["gift.what=coupon", "gift.reason=late", "status=held_back"]),
        ] {
            let entry = JournalEntry {
                r#type: format!("aftercare.fulfilment.v1.{type}"),
                payload: payload.into(),
                ..Default::default()
            };
            let line = Event::of(entry).text();
            parts.iter().for_each(|part| assert!(line.contains(part), "{part:?} is missing in {line:?}"));
            assert!(!line.contains('{'), "{line}");
        }
        let r#type = "aftercare.complaint.v1.EscalationRaised".to_owned();
        let line =
            Event::of(JournalEntry { r#type, payload: lost.encode_to_vec().into(), ..Default::default() }).text();
        for part in ["trigger=parcel_lost", "department=logistics", "detail.what=parcel"] {
            assert!(line.contains(part), "{part:?} is missing in {line:?}");
        }
    }

    #[test]
    fn shards_and_versions_are_left_out() {
        assert_eq!(what("aftercare.complaint.v1.11.complaint.recorded"), "complaint complaint recorded");
        assert_eq!(what("escalation.v1.management.raised"), "escalation management raised");
    }

    #[test]
    fn amounts_are_shown_as_people_write_them() {
        let shown = |minor, currency: &str| {
            let money = Money { minor, currency: currency.to_owned() };
            word(&serde_json::json!({ "minor": money.minor, "currency": money.currency }))
        };
        assert_eq!(shown(1990, "CNY").as_deref(), Some("19.90 CNY"));
        assert_eq!(shown(-5, "BRL").as_deref(), Some("-0.05 BRL"));
        assert_eq!(shown(500, "JPY").as_deref(), Some("500 JPY"));
    }

    #[test]
    fn an_unknown_type_is_shown_without_its_fields() {
        assert_eq!(data("aftercare.nothing.v1.Unknown", &[]), None);
    }
}
