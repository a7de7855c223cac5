//! What the figures and the analysis read in what complaint tells: causes, products, departments, offers, escalations,
//! improvement actions.
use backbone::{Fault, proto};
use contracts::{
    Event, Timestamp as Wire,
    common::v1::CaseClass,
    complaint::v1::{
        ComplaintAssessed, ComplaintClosed, ComplaintRecorded, ComplaintReopened, EffectivenessCheckStarted,
        EscalationPassedUp, EscalationRaised, ImprovementProposed, ImprovementReporterAttached,
        ImprovementReporterInformed, ImprovementReporterSuppressed, InvestigationConcluded, InvestigationLate,
        PromiseStanding, PromisesMoved, SolutionAgreed, SolutionOffered, SuggestionPromisesMoved, TaskAccepted,
        TaskAnswered, TaskCorrected, TaskExpired, TaskForwarded,
    },
};
use uuid::Uuid;

use super::{read, word};
use crate::domain::fact::{Measures, Standing};

/// The measures of an event of complaint; of any other nothing but what is known already.
pub fn measures(event_type: &str, payload: &[u8], plain: Measures) -> Result<Measures, Fault> {
    match event_type {
        ComplaintRecorded::TYPE => recorded(read(payload)?, plain),
        ComplaintAssessed::TYPE => Ok(Measures { class: class(read::<ComplaintAssessed>(payload)?.class()), ..plain }),
        InvestigationConcluded::TYPE => concluded(read(payload)?, plain),
        InvestigationLate::TYPE => late(read(payload)?, plain),
        PromisesMoved::TYPE => Ok(Measures { promised: standings(read::<PromisesMoved>(payload)?.promises)?, ..plain }),
        ComplaintReopened::TYPE => {
            Ok(Measures { promised: standings(read::<ComplaintReopened>(payload)?.promises)?, ..plain })
        }
        SuggestionPromisesMoved::TYPE => {
            Ok(Measures { promised: standings(read::<SuggestionPromisesMoved>(payload)?.promises)?, ..plain })
        }
        SolutionOffered::TYPE => Ok(numbered(read::<SolutionOffered>(payload)?.offer_no, plain)),
        SolutionAgreed::TYPE => Ok(numbered(read::<SolutionAgreed>(payload)?.offer_no, plain)),
        ComplaintClosed::TYPE => closed(read(payload)?, plain),
        EscalationRaised::TYPE => {
            let e: EscalationRaised = read(payload)?;
            Ok(numbered(e.level.unsigned_abs(), Measures { about: complaint(&e.complaint_id)?, ..plain }))
        }
        EscalationPassedUp::TYPE => {
            let e: EscalationPassedUp = read(payload)?;
            Ok(numbered(e.level.unsigned_abs(), Measures { about: complaint(&e.complaint_id)?, ..plain }))
        }
        TaskAnswered::TYPE => answered(read(payload)?, plain),
        TaskCorrected::TYPE => {
            let e: TaskCorrected = read(payload)?;
            let due_at = proto::instant("answer_by", e.answer_by.as_ref())?;
            Ok(Measures { due_at, ..happened("answered_at", e.answered_at.as_ref(), plain)? })
        }
        TaskExpired::TYPE => {
            let due_at = proto::instant("answer_by", read::<TaskExpired>(payload)?.answer_by.as_ref())?;
            Ok(Measures { due_at, ..plain })
        }
        TaskForwarded::TYPE => forwarded(read(payload)?, plain),
        TaskAccepted::TYPE => Ok(Measures { about: complaint(&read::<TaskAccepted>(payload)?.complaint_id)?, ..plain }),
        ImprovementProposed::TYPE => proposed(read(payload)?, plain),
        ImprovementReporterAttached::TYPE => attached(&read(payload)?, plain),
        ImprovementReporterInformed::TYPE => {
            Ok(Measures { about: complaint(&read::<ImprovementReporterInformed>(payload)?.complaint_id)?, ..plain })
        }
        ImprovementReporterSuppressed::TYPE => {
            Ok(Measures { about: complaint(&read::<ImprovementReporterSuppressed>(payload)?.complaint_id)?, ..plain })
        }
        EffectivenessCheckStarted::TYPE => {
            let e: EffectivenessCheckStarted = read(payload)?;
            Ok(Measures { base: Some(e.before.into()), ..numbered(e.after, plain) })
        }
        _ => Ok(plain),
    }
}

fn recorded(e: ComplaintRecorded, plain: Measures) -> Result<Measures, Fault> {
    Ok(Measures {
        occurred_at: proto::required("recorded_at", e.recorded_at.as_ref())?,
        due_at: Some(proto::required("investigate_by", e.investigate_by.as_ref())?),
        class: class(e.class()),
        about: proto::optional_id("purchase_id", &e.purchase_id)?,
        product_id: word(e.product_id),
        batch: word(e.batch),
        ..plain
    })
}

/// Without a due time the promise had been cancelled, and nothing is counted.
fn concluded(e: InvestigationConcluded, plain: Measures) -> Result<Measures, Fault> {
    Ok(Measures {
        occurred_at: proto::required("concluded_at", e.concluded_at.as_ref())?,
        due_at: proto::instant("investigate_by", e.investigate_by.as_ref())?,
        code: word(e.cause_code),
        department: word(e.responsible_department),
        ..plain
    })
}

fn late(e: InvestigationLate, plain: Measures) -> Result<Measures, Fault> {
    Ok(Measures { due_at: Some(proto::required("investigate_by", e.investigate_by.as_ref())?), ..plain })
}

fn closed(e: ComplaintClosed, plain: Measures) -> Result<Measures, Fault> {
    happened("closed_at", e.closed_at.as_ref(), plain)
}

fn answered(e: TaskAnswered, plain: Measures) -> Result<Measures, Fault> {
    let plain = happened("answered_at", e.answered_at.as_ref(), plain)?;
    Ok(Measures {
        due_at: proto::instant("answer_by", e.answer_by.as_ref())?,
        department: word(e.department),
        to_acknowledge_s: Some(e.to_acknowledge_s),
        to_answer_s: Some(e.to_answer_s),
        ..plain
    })
}

/// The time is that of the department that had it.
fn forwarded(e: TaskForwarded, plain: Measures) -> Result<Measures, Fault> {
    let plain = happened("issued_at", e.issued_at.as_ref(), plain)?;
    Ok(Measures { department: word(e.from_department), to_answer_s: Some(e.waited_s), ..plain })
}

fn proposed(e: ImprovementProposed, plain: Measures) -> Result<Measures, Fault> {
    Ok(Measures { about: proto::optional_id("finding_id", &e.finding_id)?, code: word(e.cause_code), ..plain })
}

/// A recurrence happened when it was reported, whenever it was found to be one.
fn attached(e: &ImprovementReporterAttached, plain: Measures) -> Result<Measures, Fault> {
    let plain = happened("reported_at", e.reported_at.as_ref(), plain)?;
    Ok(numbered(e.recurrence.into(), plain))
}

/// Those that no event of their own tells of.
fn standings(promises: Vec<PromiseStanding>) -> Result<Vec<Standing>, Fault> {
    const COUNTED: [&str; 3] = ["solution_offer", "result_notice", "progress_silence"];
    let counted = promises.into_iter().filter(|one| COUNTED.contains(&one.promise.as_str()));
    let standing = |one: PromiseStanding| {
        let started_at = proto::required("started_at", one.started_at.as_ref())?;
        let due_at = proto::required("due_at", one.due_at.as_ref())?;
        Ok(Standing { promise: one.promise, started_at, status: one.status, due_at })
    };
    counted.map(standing).collect()
}

/// When it happened, if the event says so.
fn happened(field: &str, at: Option<&Wire>, plain: Measures) -> Result<Measures, Fault> {
    let occurred_at = proto::instant(field, at)?.unwrap_or(plain.occurred_at);
    Ok(Measures { occurred_at, ..plain })
}

fn numbered(number: u32, plain: Measures) -> Measures {
    Measures { number: Some(number.into()), ..plain }
}

fn complaint(id: &str) -> Result<Option<Uuid>, Fault> {
    proto::optional_id("complaint_id", id)
}

/// The class as people write it, for example "product_quality".
fn class(class: CaseClass) -> Option<String> {
    let name = class.as_str_name().trim_start_matches("CASE_CLASS_");
    (class != CaseClass::Unspecified).then(|| name.to_ascii_lowercase())
}
