//! Goods that were asked back come: received in any shop, inspected, and what the customer says to an outcome that is
//! worse than he was told (R-FUL-04).
//! Invariant: pieces are received once; each is inspected once, by somebody, at a time; nobody loses what was granted but
//! by a new decision of the policy and his own word, or that of another person than the inspector.
use std::collections::BTreeMap;

use jiff::Timestamp;
use kernel::{
    approval::independent,
    promise::{Change, Command as Note, Fact},
    returns::Answer,
};
use serde::{Deserialize, Serialize};

use super::{
    Rejection,
    goods::{Arrival, Disposition, Finding, Goods, Inspection, Leg, Surplus, Word},
    request::{Line, Request, Review},
};
pub use super::{
    owed::Owed,
    terms::{PeopleTerms, Terms},
};

/// What is in a parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Came {
    /// Of a line that was asked back; nothing for another article.
    pub line_no: Option<u32>,
    pub product_id: String,
    pub quantity: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Nothing named: all that is awaited came.
    Receive {
        /// The parcel's own number, where it has one.
        parcel: Option<String>,
        place: String,
        by: String,
        came: Vec<Came>,
    },
    Inspect {
        line_no: u32,
        inspection: Box<Inspection>,
    },
    HearCustomer {
        line_no: u32,
        by: String,
        agreed: bool,
    },
    Rule {
        line_no: u32,
        by: String,
        approved: bool,
        reason: String,
    },
    /// It goes on with what came; the rest is not waited for.
    GoOn,
    /// Time passed; see whether goods have been awaited long enough.
    Lapse,
    /// Time passed; see whether what was promised is late.
    Look,
}

/// Pieces by the number of their line.
pub type Pieces = BTreeMap<u32, u32>;

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Arrived {
        at: Timestamp,
        parcel: Option<String>,
        place: String,
        by: String,
        pieces: Pieces,
        surplus: Vec<(String, u32)>,
    },
    Inspected {
        line_no: u32,
        inspection: Box<Inspection>,
    },
    /// `pieces` are those he takes back where he agrees.
    Heard {
        line_no: u32,
        pieces: u32,
        word: Word,
    },
    /// `pieces` are those that are accepted after all where it is approved, else those he takes back.
    Ruled {
        line_no: u32,
        pieces: u32,
        ruling: Review,
    },
    Lapsed {
        at: Timestamp,
        pieces: Pieces,
    },
    Promise(Box<Change<Owed>>),
}

impl Request {
    /// The pieces of a line, or of a surplus line after those.
    fn leg(&self, line_no: u32) -> Option<&Leg> {
        let place = usize::try_from(line_no).ok()?.checked_sub(1)?;
        match self.lines.get(place) {
            Some(line) => line.leg.as_ref(),
            None => self.surplus.get(place.checked_sub(self.lines.len())?).map(|surplus| &surplus.leg),
        }
    }

    fn leg_mut(&mut self, line_no: u32) -> Option<&mut Leg> {
        let place = usize::try_from(line_no).ok()?.checked_sub(1)?;
        let asked = self.lines.len();
        match self.lines.get_mut(place) {
            Some(line) => line.leg.as_mut(),
            None => self.surplus.get_mut(place.checked_sub(asked)?).map(|surplus| &mut surplus.leg),
        }
    }

    fn is_surplus(&self, line_no: u32) -> bool {
        usize::try_from(line_no).is_ok_and(|line_no| line_no > self.lines.len())
    }

    /// All legs with their numbers; surplus stands last.
    pub fn legs(&self) -> impl Iterator<Item = (u32, &Leg)> {
        let count = u32::try_from(self.lines.len() + self.surplus.len()).unwrap_or(u32::MAX);
        (1..=count).filter_map(|line_no| Some((line_no, self.leg(line_no)?)))
    }

    pub fn awaited(&self) -> Pieces {
        self.legs().map(|(line_no, leg)| (line_no, leg.goods.awaiting())).filter(|(_, pieces)| *pieces > 0).collect()
    }

    /// When goods that have not come are not waited for any more.
    pub fn return_by(&self) -> Option<Timestamp> {
        let again = self.works().filter_map(|(_, work)| work.reopened_at).max();
        let by = again.max(self.authorised_at).map(|at| kernel::calendar::add(at, self.terms.goods_within));
        by.filter(|_| !self.awaited().is_empty() && self.cancelled.is_none() && !self.is_with_carrier())
    }

    pub(super) fn decide_goods(&self, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        match command {
            Command::Receive { parcel: Some(parcel), .. } if self.has_come(&parcel) => Ok(vec![]),
            Command::Receive { parcel, place, by, came } => self.receive(parcel, place, by, came, now),
            Command::Inspect { line_no, inspection } => self.inspect(line_no, Inspection { at: now, ..*inspection }),
            Command::HearCustomer { line_no, by, agreed } => {
                // His agreement ends the matter, so that whoever rejected the pieces does not record it.
                let own = agreed && self.inspected_by(line_no, Inspection::waits_for_customer, &by);
                let pieces = self.rejected(line_no, Inspection::waits_for_customer, goes_back)?;
                let heard = vec![Event::Heard { line_no, pieces, word: Word { agreed, at: now } }];
                if own { Err(Rejection::OwnInspection) } else { Ok(heard) }
            }
            Command::Rule { line_no, by, approved, reason } => {
                let pieces = self.rejected(line_no, Inspection::is_disputed, |one| approved || goes_back(one))?;
                self.may_handle(&by)?;
                if self.inspected_by(line_no, Inspection::is_disputed, &by) {
                    return Err(Rejection::OwnInspection);
                }
                Ok(vec![Event::Ruled { line_no, pieces, ruling: Review::said(by, now, approved, reason) }])
            }
            Command::GoOn if self.awaited().is_empty() => Ok(vec![]),
            Command::GoOn if self.legs().all(|(_, leg)| leg.goods.received() == 0) => Err(Rejection::NothingCame),
            Command::GoOn => Ok(vec![Event::Lapsed { at: now, pieces: self.awaited() }]),
            Command::Lapse if self.return_by().is_some_and(|by| by <= now) => {
                Ok(vec![Event::Lapsed { at: now, pieces: self.awaited() }])
            }
            Command::Lapse => Ok(vec![]),
            Command::Look => Ok(self.promised(|_| true, &Note::Look, now)),
        }
    }

    /// Whether an inspection that is meant was made by this person.
    fn inspected_by(&self, line_no: u32, meant: impl Fn(&Inspection) -> bool, by: &str) -> bool {
        let mut inspections = self.leg(line_no).into_iter().flat_map(|leg| &leg.inspections);
        inspections.any(|one| meant(one) && !independent(&one.by, by))
    }

    /// The pieces rejected by inspections that are meant, as far as they are counted. Errors: there is no such line, or no
    /// such inspection.
    fn rejected(
        &self,
        line_no: u32,
        meant: impl Fn(&Inspection) -> bool,
        counts: impl Fn(&Finding) -> bool,
    ) -> Result<u32, Rejection> {
        let leg = self.leg(line_no).ok_or(Rejection::NoSuchLine)?;
        let mut inspections = leg.inspections.iter().filter(|one| meant(one)).peekable();
        inspections.peek().ok_or(Rejection::NothingToAnswer)?;
        let findings = inspections.flat_map(|one| &one.findings).filter(|one| !one.accepted && counts(one));
        Ok(findings.map(|finding| finding.quantity).sum())
    }

    /// Whether this parcel was received before.
    fn has_come(&self, parcel: &str) -> bool {
        let mut arrivals = self.legs().flat_map(|(_, leg)| &leg.arrivals);
        arrivals.any(|arrival| arrival.parcel.as_deref() == Some(parcel))
    }

    /// What was awaited is received once, wherever it comes; more of it and other articles are surplus.
    fn receive(
        &self,
        parcel: Option<String>,
        place: String,
        by: String,
        came: Vec<Came>,
        at: Timestamp,
    ) -> Result<Vec<Event>, Rejection> {
        let mut awaited = self.awaited();
        if awaited.is_empty() {
            let none = self.legs().next().is_none();
            return Err(if none { Rejection::NoGoodsExpected } else { Rejection::GoodsAlreadyReceived });
        }
        self.may_be_received(parcel.as_deref(), &place, &by)?;
        let (mut pieces, mut surplus) = (Pieces::new(), Vec::new());
        if came.is_empty() {
            pieces = std::mem::take(&mut awaited);
        }
        for Came { line_no, product_id, quantity } in came {
            let Some(line_no) = line_no else {
                surplus.push((product_id, quantity));
                continue;
            };
            let line = self.lines.get(usize::try_from(line_no).unwrap_or(usize::MAX).wrapping_sub(1));
            let line = line.filter(|line| line.leg.is_some()).ok_or(Rejection::NoSuchLine)?;
            let left = awaited.entry(line_no).or_default();
            let taken = quantity.min(*left);
            *left -= taken;
            if taken > 0 {
                *pieces.entry(line_no).or_default() += taken;
            }
            if quantity > taken {
                surplus.push((line.product_id.clone(), quantity - taken));
            }
        }
        let to_inspect = !surplus.is_empty() || pieces.keys().any(|line_no| !self.is_diagnosed(*line_no));
        let mut events = vec![Event::Arrived { at, parcel, place, by, pieces, surplus }];
        if to_inspect && self.uninspected(0) == 0 {
            events.extend(self.promise(Owed::InspectionTerm, at));
        }
        Ok(events)
    }

    fn inspect(&self, line_no: u32, inspection: Inspection) -> Result<Vec<Event>, Rejection> {
        let leg = self.leg(line_no).ok_or(Rejection::NoSuchLine)?;
        if self.is_diagnosed(line_no) {
            return Err(Rejection::DiagnosedInstead);
        }
        self.may_handle(&inspection.by)?;
        let (accepted, rejected) = inspection.counted().ok_or(Rejection::NotToInspect)?;
        let goods = leg.goods.inspect(accepted, rejected)?;
        let surplus = self.is_surplus(line_no);
        let fits = |finding: &Finding| finding.disposition.fits(finding.accepted);
        // What was not asked for was granted to nobody, so nothing is taken from him by sending it back.
        let renewed = if surplus || rejected == 0 { None } else { inspection.renewed };
        match () {
            () if surplus && accepted > 0 => return Err(Rejection::SurplusNotAccepted),
            () if !inspection.findings.iter().all(fits) => return Err(Rejection::DispositionDoesNotFit),
            () if !surplus && rejected > 0 && renewed.is_none() => return Err(Rejection::NoNewDecision),
            () if renewed.as_ref().is_some_and(|new| new.outcome.answer == Answer::Eligible) => {
                return Err(Rejection::StillGranted);
            }
            () => {}
        }
        let at = inspection.at;
        let inspection = Box::new(Inspection { renewed, ..inspection });
        let mut events = vec![Event::Inspected { line_no, inspection }];
        if goods.uninspected() == 0 && self.uninspected(line_no) == 0 {
            let inspected = Note::Note(Fact::Satisfied { at });
            events.extend(self.promised(|kind| kind == Owed::InspectionTerm, &inspected, at));
        }
        Ok(events)
    }

    /// Pieces of other lines than this that wait for an inspection; what is diagnosed does not.
    pub(super) fn uninspected(&self, line_no: u32) -> u32 {
        let others = self.legs().filter(|(other, _)| *other != line_no && !self.is_diagnosed(*other));
        others.map(|(_, leg)| leg.goods.uninspected()).sum()
    }

    pub(super) fn apply_goods(&mut self, event: &Event) {
        match event {
            Event::Arrived { at, parcel, place, by, pieces, surplus } => {
                let (parcel, place, by) = (|| parcel.clone(), || place.clone(), || by.clone());
                let arrival = |quantity| Arrival { at: *at, place: place(), by: by(), quantity, parcel: parcel() };
                for (line_no, quantity) in pieces {
                    if let Some(leg) = self.leg_mut(*line_no) {
                        leg.goods = leg.goods.receive(*quantity).0;
                        leg.arrivals.push(arrival(*quantity));
                    }
                }
                let line = |(product_id, quantity): &(String, u32)| {
                    let goods = Goods::surplus(*quantity);
                    let leg = Leg { goods, arrivals: vec![arrival(*quantity)], inspections: vec![] };
                    Surplus { product_id: product_id.clone(), leg }
                };
                self.surplus.extend(surplus.iter().map(line));
            }
            Event::Inspected { line_no, inspection } => {
                if let Some((leg, (accepted, rejected))) = self.leg_mut(*line_no).zip(inspection.counted()) {
                    leg.goods = leg.goods.inspect(accepted, rejected).unwrap_or(leg.goods);
                    leg.inspections.push(Inspection::clone(inspection));
                }
            }
            Event::Heard { line_no, word, .. } => {
                let inspections = self.leg_mut(*line_no).into_iter().flat_map(|leg| &mut leg.inspections);
                inspections.filter(|one| one.waits_for_customer()).for_each(|one| one.word = Some(*word));
            }
            Event::Ruled { line_no, pieces, ruling } => {
                let Some(leg) = self.leg_mut(*line_no) else { return };
                let disputed = leg.inspections.iter_mut().filter(|one| one.is_disputed());
                disputed.for_each(|one| one.ruling = Some(ruling.clone()));
                if ruling.approved {
                    leg.goods = leg.goods.overrule(*pieces);
                }
            }
            Event::Lapsed { pieces, .. } => {
                for line_no in pieces.keys() {
                    if let Some(leg) = self.leg_mut(*line_no) {
                        leg.goods = leg.goods.lapse();
                    }
                }
            }
            Event::Promise(change) => self.promises.apply(change),
        }
    }

    /// Pieces that are the customer's again with the event, and free to be asked for: those that never came and those he
    /// takes back, but for those whose money is claimed already, also where the claim was refused or failed, or that are
    /// replaced.
    pub(super) fn kept_by_customer(&self, event: &Event) -> Pieces {
        let kept = match event {
            Event::Lapsed { pieces, .. } => pieces.clone(),
            Event::Heard { line_no, pieces, word } if word.agreed => Pieces::from([(*line_no, *pieces)]),
            Event::Ruled { line_no, pieces, ruling } if !ruling.approved => Pieces::from([(*line_no, *pieces)]),
            Event::Heard { .. }
            | Event::Ruled { .. }
            | Event::Arrived { .. }
            | Event::Inspected { .. }
            | Event::Promise(_) => Pieces::new(),
        };
        let free = |(line_no, line): (u32, &Line)| {
            let open = line.quantity.saturating_sub(self.claimed(line_no).max(self.replaced(line_no)));
            Some((line_no, open.min(*kept.get(&line_no)?)))
        };
        (1..).zip(&self.lines).filter_map(free).collect()
    }
}

impl Request {
    /// Of pieces that lapsed with the event, those that were to come after money or an article that the customer has, or is to
    /// have all the same.
    pub fn given_for(&self, event: &Event) -> Pieces {
        let Event::Lapsed { pieces, .. } = event else { return Pieces::new() };
        let free = self.kept_by_customer(event);
        let given = |(line_no, lapsed): (&u32, &u32)| {
            let given = lapsed.saturating_sub(free.get(line_no).copied().unwrap_or_default());
            (given > 0).then_some((*line_no, given))
        };
        pieces.iter().filter_map(given).collect()
    }
}

/// What is kept apart or destroyed the customer has no more.
fn goes_back(finding: &Finding) -> bool {
    finding.disposition == Disposition::BackToCustomer
}

#[cfg(test)]
#[path = "returning_tests.rs"]
mod tests;
