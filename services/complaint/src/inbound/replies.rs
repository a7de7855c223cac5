//! Further answers that a case owes its customer (R-INT-12): the team lead is warned, once for each turn of his, and learns of
//! the one that is missed; an answer settles both, late or not, and so does the end of the case. Complaints owe none: there
//! it is the silence that is promised.
use backbone::{Change, Effects, Fault, Inbound, proto};
use contracts::{
    Timestamp,
    common::v1::Lane,
    intake::v1::{CaseReplied, CaseReplyDueSoon, CaseReplyMissed},
};
use uuid::Uuid;

use crate::{
    domain::{
        escalation::{Detail, Matter, Trigger, Why},
        ladder::Ladder,
        matters::{About, Act},
    },
    wire,
};

/// One line per event.
pub fn inbound(ladder: &Ladder, inbound: &mut Inbound) {
    let (soon, late) = (ladder.clone(), ladder.clone());
    inbound.on::<CaseReplyDueSoon>(move |event, _| {
        let detail = Detail { code: event.warning.clone(), ..Detail::of("next_response") };
        let escalation_id = warning(&event.case_id, event.reply_by.as_ref())?;
        raise(escalation_id, (&event.case_id, event.lane()), Trigger::PromiseWarning, &soon, detail)
    });
    inbound.on::<CaseReplyMissed>(move |event, _| {
        let CaseReplyMissed { case_id, since, reply_by, .. } = &event;
        let (detail, lane) = (Detail::of("next_response"), event.lane());
        let raised =
            raise(missed(case_id, since.as_ref())?, (case_id, lane), Trigger::NextResponseLate, &late, detail)?;
        // What is late is warned of no more.
        Ok(raised.and(wire::settle(warning(case_id, reply_by.as_ref())?)))
    });
    inbound.on::<CaseReplied>(|event, _| {
        let CaseReplied { case_id, since, reply_by, .. } = &event;
        let raised = [warning(case_id, reply_by.as_ref())?, missed(case_id, since.as_ref())?];
        let settled = raised.map(|escalation_id| wire::settle_because(escalation_id, Why::Answered));
        Ok(settled.into_iter().fold(Effects::none(), Effects::and))
    });
}

/// The case is over: nobody waits for an answer to it.
pub fn over(case_id: &str) -> Result<Change, Fault> {
    let about = About::Case(proto::id("case_id", case_id)?);
    Ok(wire::matters::of(about, Act::End { why: Why::CaseEnded }))
}

/// Once for each turn of the customer, however many warnings there are.
fn warning(case_id: &str, reply_by: Option<&Timestamp>) -> Result<Uuid, Fault> {
    let by = proto::required("reply_by", reply_by)?.to_string();
    Ok(kernel::id::derived("escalation", &["next_response_warning", case_id, &by]))
}

fn missed(case_id: &str, since: Option<&Timestamp>) -> Result<Uuid, Fault> {
    let since = proto::required("since", since)?.to_string();
    Ok(kernel::id::derived("escalation", &["next_response", case_id, &since]))
}

/// Where it is about harm, by night as by day.
fn raise(
    escalation_id: Uuid,
    (case_id, lane): (&str, Lane),
    trigger: Trigger,
    ladder: &Ladder,
    detail: Detail,
) -> Result<Effects, Fault> {
    let case_id = proto::id("case_id", case_id)?;
    let matter = Matter::new(escalation_id, None, trigger, ladder);
    let matter = Matter { case_id: Some(case_id), detail: Some(Box::new(detail)), ..matter };
    let matter = if lane == Lane::Health { matter.by_night() } else { matter };
    Ok(wire::matters::raise_of(About::Case(case_id), "", matter).into_iter().fold(Effects::none(), Effects::and))
}
