//! Ledgers and charge-backs, between the contracts and the domain: their events, their rows, and what people are shown.
use backbone::{Aggregate, Change, Fault, Published, Row, proto};
use contracts::fulfilment::v1 as out;
use jiff::Timestamp;
use kernel::money::Money;
use uuid::Uuid;

use super::{changes, text, to_money};
use crate::{
    deadlines,
    domain::{
        chargeback::{self, Chargeback, Document, State},
        ledger::{self, Account, CostLedger, Dimensions, Entry, Made, Posting},
    },
    store::costs::{CostRow, CostSum},
};

/// The postings of entries; one that is there already is left as it is.
const POST: &str = "-- posting.add
    posting_added as (
      insert into posting (id, entry_id, place, order_id, account, minor, currency, cause, department, supplier, batch,
                           occurred_at)
      select * from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::uuid[], $5::text[], $6::bigint[], $7::text[],
                           $8::text[], $9::text[], $10::text[], $11::text[], $12::timestamptz[])
      on conflict do nothing)";

/// The postings of a charge-back; one that stands on a living one already is refused.
const CHARGE: &str = "-- chargeback_line.add
    chargeback_line_added as (
      insert into chargeback_line (posting_id, chargeback_id) select * from unnest($1::uuid[], $2::uuid[]))";

/// Those of one that was withdrawn.
const FREE: &str = "-- chargeback_line.free
    chargeback_line_freed as (
      update chargeback_line set living = false from unnest($1::uuid[]) as freed(id) where chargeback_id = freed.id)";

impl Aggregate for CostLedger {
    const TABLE: &'static str = "cost_ledger";
    type Command = ledger::Command;
    type Event = ledger::Event;
    type Rejection = ledger::Rejection;

    fn decide(&self, command: ledger::Command, now: Timestamp) -> Result<Vec<ledger::Event>, ledger::Rejection> {
        self.decide(command, now)
    }

    fn apply(&mut self, event: &ledger::Event) {
        self.apply(event);
    }

    fn publish(&self, event: &ledger::Event, shard: u8) -> Published {
        match event {
            ledger::Event::Posted { order_id, entry } => {
                let reversed_entry_id = text(reversed(entry));
                let posted = out::CostPosted {
                    order_id: order_id.to_string(),
                    entry_id: entry.id.to_string(),
                    reason: entry.reason.clone(),
                    made: entry.made.word().to_owned(),
                    reversed_entry_id,
                    postings: postings(entry),
                };
                Published::of(&posted, shard).at(entry.at)
            }
            ledger::Event::Attributed { order_id, attribution } => {
                let (order_id, reason) = (order_id.to_string(), attribution.reason.clone());
                let dimensions = Some(dimensions(&attribution.to));
                Published::of(&out::CostsAttributed { order_id, dimensions, reason }, shard)
            }
            ledger::Event::ChargedBack(document) => {
                let (order_id, chargeback_id) = (document.order_id.to_string(), document.chargeback_id.to_string());
                Published::of(&out::CostsChargedBack { order_id, chargeback_id }, shard).at(document.at)
            }
            ledger::Event::Freed { order_id, chargeback_id } => {
                let (order_id, chargeback_id) = (order_id.to_string(), chargeback_id.to_string());
                Published::of(&out::CostsFreed { order_id, chargeback_id }, shard)
            }
        }
    }

    fn reactions(&self, event: &ledger::Event) -> Vec<Change> {
        changes(self.consequences(event))
    }

    fn rows(&self, event: &ledger::Event) -> Vec<Row> {
        match event {
            ledger::Event::Posted { order_id, entry } => posting_rows(*order_id, entry),
            ledger::Event::ChargedBack(document) => {
                let row = |line: &chargeback::ChargedLine| Row::new(CHARGE, line.posting_id);
                document.lines.iter().map(|line| row(line).with(document.chargeback_id)).collect()
            }
            ledger::Event::Freed { chargeback_id, .. } => vec![Row::new(FREE, *chargeback_id)],
            ledger::Event::Attributed { .. } => vec![],
        }
    }
}

fn posting_rows(order_id: Uuid, entry: &Entry) -> Vec<Row> {
    let row = |(place, (id, posting)): (i64, (Uuid, &Posting))| {
        let Dimensions { cause, department, supplier, batch } = posting.dimensions.clone();
        Row::new(POST, id)
            .with(entry.id)
            .with(place)
            .with(order_id)
            .with(posting.account.word().to_owned())
            .with(posting.amount.minor)
            .with(posting.amount.currency.code().to_owned())
            .with(cause)
            .with(department)
            .with(supplier)
            .with(batch)
            .with(entry.at)
    };
    (0..).zip(entry.posting_ids().zip(&entry.postings)).map(row).collect()
}

impl From<ledger::Rejection> for Fault {
    fn from(rejection: ledger::Rejection) -> Self {
        match rejection {
            ledger::Rejection::NoSuchEntry => Fault::not_found("entry", "with this id in the ledger of the order"),
            other => Fault::rejected(other.code(), other.to_string()),
        }
    }
}

impl Aggregate for Chargeback {
    const TABLE: &'static str = "chargeback";
    type Command = chargeback::Command;
    type Event = chargeback::Event;
    type Rejection = chargeback::Rejection;

    fn decide(&self, command: chargeback::Command, now: Timestamp) -> Result<Vec<chargeback::Event>, Self::Rejection> {
        self.decide(command, now)
    }

    fn apply(&mut self, event: &chargeback::Event) {
        self.apply(event);
    }

    fn publish(&self, event: &chargeback::Event, shard: u8) -> Published {
        if let chargeback::Event::Proposed(told) = event {
            return Published::of(&out::ChargebackProposed { document: Some(document(told)) }, shard).at(told.at);
        }
        let told = self.document.as_ref();
        if *event == chargeback::Event::Overdue {
            let overdue = out::ChargebackOverdue {
                chargeback_id: text(told.map(|told| told.chargeback_id)),
                order_id: text(told.map(|told| told.order_id)),
                supplier: told.map(|told| told.supplier.clone()).unwrap_or_default(),
                status: self.state.word().to_owned(),
                amount: told.and_then(|told| to_money(told.amount)),
            };
            return Published::of(&overdue, shard);
        }
        let (paid, _) = paid(&self.state);
        let moved = out::ChargebackMoved {
            chargeback_id: text(told.map(|told| told.chargeback_id)),
            order_id: text(told.map(|told| told.order_id)),
            supplier: told.map(|told| told.supplier.clone()).unwrap_or_default(),
            status: self.state.word().to_owned(),
            amount: told.and_then(|told| to_money(told.amount)),
            paid: paid.and_then(to_money),
            reason: reason(&self.state),
        };
        Published::of(&moved, shard)
    }

    fn deadlines(&self) -> Vec<(&'static str, Timestamp)> {
        deadlines::of_chargeback(self)
    }

    fn on_deadline(kind: &str) -> Option<chargeback::Command> {
        deadlines::chargeback_command(kind)
    }

    fn reactions(&self, event: &chargeback::Event) -> Vec<Change> {
        changes(self.consequences(event))
    }
}

impl From<chargeback::Rejection> for Fault {
    fn from(rejection: chargeback::Rejection) -> Self {
        match rejection {
            chargeback::Rejection::Unknown => Fault::not_found("chargeback", "with this id"),
            other => Fault::rejected(other.code(), other.to_string()),
        }
    }
}

fn reversed(entry: &Entry) -> Option<Uuid> {
    match entry.made {
        Made::Reversal { of } => Some(of),
        Made::Event | Made::Recorded | Made::Attribution => None,
    }
}

fn dimensions(told: &Dimensions) -> out::CostDimensions {
    let Dimensions { cause, department, supplier, batch } = told.clone();
    out::CostDimensions { cause, department, supplier, batch }
}

fn postings(entry: &Entry) -> Vec<out::CostPosting> {
    let posting = |(place, posting): (u32, &Posting)| out::CostPosting {
        place,
        account: posting.account.word().to_owned(),
        amount: to_money(posting.amount),
        dimensions: Some(dimensions(&posting.dimensions)),
    };
    (0..).zip(&entry.postings).map(posting).collect()
}

fn document(told: &Document) -> out::ChargebackDocument {
    let line = |line: &chargeback::ChargedLine| out::ChargebackLine {
        entry_id: line.entry_id.to_string(),
        posting_id: line.posting_id.to_string(),
        account: line.account.word().to_owned(),
        amount: to_money(line.amount),
    };
    out::ChargebackDocument {
        chargeback_id: told.chargeback_id.to_string(),
        number: told.number.clone(),
        order_id: told.order_id.to_string(),
        supplier: told.supplier.clone(),
        batch: told.batch.clone(),
        lines: told.lines.iter().map(line).collect(),
        amount: to_money(told.amount),
        reason: told.reason.clone(),
    }
}

/// What the supplier paid, and by what.
fn paid(state: &State) -> (Option<Money>, String) {
    match state {
        State::Settled { paid, reference } => (Some(*paid), reference.clone()),
        _ => (None, String::new()),
    }
}

/// Why it is disputed or withdrawn.
fn reason(state: &State) -> String {
    match state {
        State::Disputed { reason } | State::Withdrawn { reason } => reason.clone(),
        _ => String::new(),
    }
}

/// A ledger as people see it.
pub fn costs_view(ledger: &CostLedger) -> out::GetCostsResponse {
    let entry = |entry: &Entry| out::CostEntry {
        entry_id: entry.id.to_string(),
        reason: entry.reason.clone(),
        made: entry.made.word().to_owned(),
        reversed_entry_id: text(reversed(entry)),
        recorded_by: entry.by.clone().unwrap_or_default(),
        posted_at: Some(proto::timestamp(entry.at)),
        postings: postings(entry),
    };
    let balance = |(account, amount): (Account, Money)| out::CostBalance {
        account: account.word().to_owned(),
        amount: to_money(amount),
    };
    let mut chargeback_ids: Vec<String> = ledger.charged.values().map(Uuid::to_string).collect();
    chargeback_ids.sort();
    chargeback_ids.dedup();
    out::GetCostsResponse {
        entries: ledger.entries.iter().map(entry).collect(),
        balances: ledger.balances().into_iter().map(balance).collect(),
        attributed: Some(dimensions(&ledger.attributed())),
        chargeback_ids,
    }
}

/// A cost as it is listed.
pub fn cost_line(row: &CostRow) -> out::CostLine {
    let money = |minor, currency: &str| Some(contracts::common::v1::Money { minor, currency: currency.to_owned() });
    let CostRow { cause, department, supplier, batch, .. } = row.clone();
    out::CostLine {
        order_id: row.order_id.to_string(),
        entry_id: row.entry_id.to_string(),
        posting: Some(out::CostPosting {
            place: u32::try_from(row.place).unwrap_or(u32::MAX),
            account: row.account.clone(),
            amount: money(row.minor, &row.currency),
            dimensions: Some(out::CostDimensions { cause, department, supplier, batch }),
        }),
        posted_at: Some(proto::timestamp(row.occurred_at.to_jiff())),
    }
}

/// A sum as it is shown.
pub fn cost_sum(CostSum { account, currency, minor }: CostSum) -> out::CostBalance {
    out::CostBalance { account, amount: Some(contracts::common::v1::Money { minor, currency }) }
}

/// A charge-back as people see it.
pub fn chargeback_view(version: u64, chargeback: &Chargeback) -> out::ChargebackView {
    let told = chargeback.document.as_ref();
    let (paid, payment_reference) = paid(&chargeback.state);
    out::ChargebackView {
        version,
        status: chargeback.state.word().to_owned(),
        document: told.map(document),
        proposed_by: told.map(|told| told.by.clone()).unwrap_or_default(),
        proposed_at: told.map(|told| proto::timestamp(told.at)),
        approved_by: chargeback.approved_by.clone().unwrap_or_default(),
        sent_reference: chargeback.sent_as.clone().unwrap_or_default(),
        reason: reason(&chargeback.state),
        paid: paid.and_then(to_money),
        payment_reference,
    }
}
