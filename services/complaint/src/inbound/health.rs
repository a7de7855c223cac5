//! Harm: whoever supervises is told at once, by night as by day, when a case comes into the health lane and whenever it
//! is graver than was known (R-INT-09), and when a report on it to an authority comes near its end or is late, which
//! the receipt settles. The complaint itself is raised only when nobody acknowledges it in time.
use backbone::{Change, Effects, Fault, Inbound, proto};
use contracts::{
    common::v1::Lane,
    intake::v1::{
        CaseHealthRaised, CaseRegistered, RegulatorReceiptRecorded, RegulatorReportDueSoon, RegulatorReportLate,
        RegulatorReportWithdrawn,
    },
};

use uuid::Uuid;

use crate::{
    domain::{
        Escalation,
        escalation::{Command, Matter, Trigger},
        ladder::Ladder,
    },
    wire,
};

/// One line per event.
pub fn inbound(ladder: &Ladder, inbound: &mut Inbound) {
    let (ladder, soon, late) = (ladder.clone(), ladder.clone(), ladder.clone());
    inbound.on::<CaseHealthRaised>(move |event, _| {
        let graver = event.severity > event.was_severity;
        let raise = || harm(&event.case_id, &event.complaint_id, event.severity, &ladder);
        if graver { raise().map(Effects::change) } else { Ok(Effects::none()) }
    });
    inbound.on::<RegulatorReportDueSoon>(move |event, _| {
        let escalation_id = warned(&event.case_id, &event.pack, &event.term);
        let warning = Trigger::RegulatorReportWarning;
        raise(escalation_id, &event.case_id, &event.complaint_id, warning, &soon).map(Effects::change)
    });
    inbound.on::<RegulatorReportLate>(move |event, _| {
        let RegulatorReportLate { case_id, complaint_id, pack, term, .. } = &event;
        let raised = raise(missed(case_id, pack, term), case_id, complaint_id, Trigger::RegulatorReportLate, &late)?;
        // What is late is warned of no more.
        Ok(Effects::change(raised).and(wire::settle(warned(case_id, pack, term))))
    });
    inbound.on::<RegulatorReceiptRecorded>(|event, _| {
        Ok(settled(&event.case_id, event.terms.iter().map(|term| (&event.pack, term))))
    });
    inbound.on::<RegulatorReportWithdrawn>(|event, _| {
        Ok(settled(&event.case_id, event.reports.iter().map(|one| (&one.pack, &one.term))))
    });
}

/// What a contact about harm raises.
pub fn told(event: &CaseRegistered, ladder: &Ladder) -> Result<Option<Change>, Fault> {
    let harmed = event.lane() == Lane::Health;
    harmed.then(|| harm(&event.case_id, &event.complaint_id, event.health_severity, ladder)).transpose()
}

/// Once for each degree of harm.
fn harm(case_id: &str, complaint_id: &str, severity: u32, ladder: &Ladder) -> Result<Change, Fault> {
    let escalation_id = kernel::id::derived("escalation", &["health", case_id, &severity.to_string()]);
    raise(escalation_id, case_id, complaint_id, Trigger::Health, ladder)
}

fn warned(case_id: &str, pack: &str, term: &str) -> Uuid {
    kernel::id::derived("escalation", &["regulator_report_warning", case_id, pack, term])
}

fn missed(case_id: &str, pack: &str, term: &str) -> Uuid {
    kernel::id::derived("escalation", &["regulator_report_late", case_id, pack, term])
}

/// What was raised of these reports is settled.
fn settled<'a>(case_id: &str, reports: impl Iterator<Item = (&'a String, &'a String)>) -> Effects {
    let raised = reports.flat_map(|(pack, term)| [warned(case_id, pack, term), missed(case_id, pack, term)]);
    raised.map(wire::settle).fold(Effects::none(), Effects::and)
}

fn raise(
    escalation_id: Uuid,
    case_id: &str,
    complaint_id: &str,
    trigger: Trigger,
    ladder: &Ladder,
) -> Result<Change, Fault> {
    let complaint_id = proto::optional_id("complaint_id", complaint_id)?;
    let case_id = Some(proto::id("case_id", case_id)?);
    let matter = Matter { case_id, ..Matter::new(escalation_id, complaint_id, trigger, ladder) };
    Ok(Change::create::<Escalation>(escalation_id, Command::Raise(matter)))
}
