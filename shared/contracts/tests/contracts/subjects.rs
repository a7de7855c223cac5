//! What the build makes of a subject, and what it refuses.
use contracts::{Event as _, complaint::v1 as complaint};

use crate::{
    build::{event_impls, event_index},
    contract::compiled,
};

/// The code for one event with this subject and these fields, or why the build stops.
fn built(subject: &str, fields: &str) -> Result<String, String> {
    let message = format!(
        "enum Team {{ TEAM_UNSPECIFIED = 0; TEAM_QUALITY = 1; }}
         message Happened {{ option (aftercare.options.v1.subject) = \"{subject}\"; {fields} }}"
    );
    event_impls(&compiled(&message)).map_err(|e| e.to_string())
}

#[test]
fn a_subject_becomes_a_filter_and_a_function() {
    let code = built("dept.v1.{team}.task.{shard}", "Team team = 1;").unwrap();
    assert!(code.contains("const FILTER: &'static str = \"dept.v1.*.task.*\""), "{code}");
    assert!(code.contains("crate::token(self.team().as_str_name(), \"TEAM_\")"), "{code}");
    assert!(code.contains("\"dept.v1.{}.task.{shard:02}\""), "{code}");
}

#[test]
fn a_subject_that_names_an_unknown_field_fails_the_build() {
    let refused = built("dept.v1.{depatment}.issued", "Team department = 1;").unwrap_err();
    assert_eq!(refused, "aftercare.sample.v1.Happened: the subject names an unknown field depatment");
}

#[test]
fn only_enums_and_marked_fields_may_be_tokens() {
    for field in ["string team = 1;", "uint32 team = 1;", "bool team = 1 [(aftercare.options.v1.token) = true];"] {
        let refused = built("dept.v1.{team}.issued", field).unwrap_err();
        assert_eq!(refused, "aftercare.sample.v1.Happened: field team is neither an enum nor marked as token");
    }
    built("dept.v1.{team}.issued", "string team = 1 [(aftercare.options.v1.token) = true];").unwrap();
}

#[test]
fn a_subject_is_made_of_plain_words() {
    for subject in ["dept.v1.Quality", "dept..v1", "dept.v1.{team", "dept.v1.>", "dept.v1.a b", "dept.v1.x{team}"] {
        let refused = built(subject, "Team team = 1;").unwrap_err();
        assert!(refused.contains("is not a word"), "{subject}: {refused}");
    }
}

#[test]
fn two_events_may_not_share_a_subject() {
    let pool = compiled(
        "message One { option (aftercare.options.v1.subject) = \"x.v1.done\"; }
         message Two { option (aftercare.options.v1.subject) = \"x.v1.done\"; }",
    );
    let refused = event_index(&pool).unwrap_err().to_string();
    assert!(refused.contains("have the same subject x.v1.done"), "{refused}");
}

#[test]
fn an_event_knows_where_it_goes() {
    let task = complaint::TaskIssued { department: "quality".into(), ..Default::default() };
    assert_eq!(task.subject(3), "dept.v1.quality.task.issued");

    let mut escalation = complaint::EscalationRaised::default();
    escalation.set_level(complaint::EscalationLevel::TeamLead);
    assert_eq!(escalation.subject(3), "escalation.v1.team_lead.raised");
    assert_eq!(complaint::EscalationRaised::FILTER, "escalation.v1.*.raised");

    assert_eq!(complaint::ComplaintRecorded::default().subject(3), "complaint.v1.03.complaint.recorded");
}
