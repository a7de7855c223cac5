//! The door to orders that are asked for: requests are read, the policy is asked, commands are handed on. No rules.
use std::collections::{BTreeMap, BTreeSet};

use backbone::{Checks, Fault};
use contracts::{
    common::v1::Money,
    fulfilment::v1::{
        GetDecisionRequest, GetDecisionResponse, LineRequest, OrderOrigin, RequestServiceOrderRequest, ReviewedAmount,
        Wording,
    },
};
use jiff::Timestamp;
use kernel::{
    approval::Limits,
    promise::Promises,
    returns::{Kind, Policy, Proof},
};
use serde::{Deserialize, de::value::StrDeserializer};
use uuid::Uuid;

use super::{
    Api,
    compensation::gift,
    repair::{optional_reference, reference},
};
use crate::{
    domain::{
        account::{PurchaseAccount, Units},
        facts::{self, Asks, Stated},
        giving::Gift,
        order::{
            ServiceOrder,
            agreed::Agreement,
            request::{Bought, Line, Origin, OriginKind, Request, Wanted},
            unbought::Amounts,
        },
    },
    store::{self, Stored},
    wire,
};

/// A decision about so many lines of different purchases is one transaction.
const LINES_MAX: usize = 60;
const EVIDENCE_MAX: usize = 20;
/// Of all lines together, so that what is told of an order stays far below what a message may hold.
const EVIDENCE_IN_ALL: usize = 200;
pub(super) const WORD_MAX: usize = 200;
const QUANTITY_MAX: u32 = 1_000_000;

/// One of the words of a type.
pub(super) fn word<'de, T: Deserialize<'de>>(checks: &mut Checks, field: &str, word: &'de str) -> Option<T> {
    checks.value(field, T::deserialize(StrDeserializer::<serde::de::value::Error>::new(word)))
}

/// A code: why somebody did something.
pub(super) fn code(checks: &mut Checks, field: &str, code: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '.');
    let fits = (1..=64).contains(&code.len()) && code.chars().all(plain);
    checks.value(field, if fits { Ok(code.to_owned()) } else { Err("must be 1 to 64 of a-z, 0-9, \"_\" and \".\"") })
}

/// What a caller asks for, before anything was looked up.
pub(super) struct Asked {
    pub(super) customer_id: Uuid,
    pub(super) origin: Origin,
    pub(super) kind: Kind,
    pub(super) lines: Vec<AskedLine>,
    pub(super) gift: Option<Gift>,
    /// The remedy it carries out.
    pub(super) agreed: Option<Agreement>,
}

pub(super) struct AskedLine {
    bought: Option<Bought>,
    product_id: String,
    batch: String,
    serial: String,
    quantity: u32,
    evidence: Vec<String>,
    wanted: Option<Wanted>,
    stated: Stated,
}

/// Reads what is asked for.
pub(super) fn asked(checks: &mut Checks, r: &RequestServiceOrderRequest, price_max: &Limits) -> Option<Asked> {
    let customer_id = checks.id("customer_id", &r.customer_id);
    let origin = origin(checks, r.origin.as_ref());
    let kind = word::<Kind>(checks, "kind", &r.kind);
    let told = asked_lines(checks, r, kind, price_max, None);
    let (lines, gift) = told?;
    Some(Asked { customer_id: customer_id?, origin: origin?, kind: kind?, lines, gift, agreed: None })
}

/// Reads the articles it is about, and what is given beside them; `agreed` is the worth of that where a solution says it.
pub(super) fn asked_lines(
    checks: &mut Checks,
    r: &RequestServiceOrderRequest,
    kind: Option<Kind>,
    price_max: &Limits,
    agreed: Option<kernel::money::Money>,
) -> Option<(Vec<AskedLine>, Option<Gift>)> {
    let gives = kind == Some(Kind::Compensation);
    let gift = gift(checks, r.compensation.as_ref(), agreed);
    let fits = match (&r.compensation, gives) {
        (None, true) => Err("is missing: what is given"),
        (Some(_), false) if kind.is_some() => Err("is given by an order of the kind compensation only"),
        _ => Ok(()),
    };
    let fits = checks.value("compensation", fits);
    let segment = checks.optional_of("segment", &r.segment, &kernel::sla::SEGMENTS);
    let listed = checks.list("lines", &r.lines, LINES_MAX);
    let some = checks
        .value("lines", if r.lines.is_empty() && !gives { Err("must name at least one article") } else { Ok(()) });
    // Lines are read even when the kind is wrong, so that all wrong fields are named at once.
    let of = |(n, one)| {
        let line = line(checks, n, one, kind.unwrap_or(Kind::ReturnRefund), segment.flatten());
        let wanted = wanted(checks, n, one, price_max);
        Some(AskedLine { wanted: wanted?, ..line? })
    };
    let lines: Vec<Option<AskedLine>> = listed.unwrap_or_default().iter().enumerate().map(of).collect();
    let evidence = r.lines.iter().map(|line| line.evidence.len()).sum::<usize>();
    if evidence > EVIDENCE_IN_ALL {
        checks
            .wrong("lines", format!("must name at most {EVIDENCE_IN_ALL} pieces of evidence together, not {evidence}"));
    }
    let lines = lines.into_iter().collect::<Option<_>>();
    some?;
    listed.filter(|_| evidence <= EVIDENCE_IN_ALL)?;
    segment?;
    fits?;
    Some((lines?, gift?))
}

fn origin(checks: &mut Checks, origin: Option<&OrderOrigin>) -> Option<Origin> {
    let Some(OrderOrigin { kind, reference }) = origin else {
        checks.wrong("origin", "is missing");
        return None;
    };
    let kind = word::<OriginKind>(checks, "origin.kind", kind);
    let reference = match kind {
        Some(OriginKind::Counter) => checks.text("origin.reference", reference, 1..=WORD_MAX).map(str::to_owned),
        _ => checks.id("origin.reference", reference).map(|id| id.to_string()),
    };
    Some(Origin { kind: kind?, reference: reference? })
}

fn line(checks: &mut Checks, n: usize, r: &LineRequest, kind: Kind, segment: Option<&str>) -> Option<AskedLine> {
    let field = |name: &str| format!("lines[{n}].{name}");
    let purchase_id = checks.optional_id(&field("purchase_id"), &r.purchase_id);
    let line_id = checks.text(&field("line_id"), &r.line_id, 0..=WORD_MAX);
    let bought = match (purchase_id, line_id) {
        (Some(Some(purchase_id)), Some(line_id)) if !line_id.is_empty() => {
            Some(Some(Bought { purchase_id, line_id: line_id.to_owned() }))
        }
        (Some(None), Some("")) => Some(None),
        (Some(Some(_)), Some(_)) => checks.value(&field("line_id"), Err("is needed to say which line is meant")),
        (Some(None), Some(_)) => checks.value(&field("purchase_id"), Err("is needed to say which purchase is meant")),
        _ => None,
    };
    let proof = match (&bought, r.proof.as_str()) {
        (Some(Some(_)), "") => Some(Proof::Receipt),
        (None, "") => None,
        (_, proof) => word::<Proof>(checks, &field("proof"), proof),
    };
    let quantity = checks.within(&field("quantity"), r.quantity, 1..=QUANTITY_MAX);
    let short = |checks: &mut Checks, name, text| checks.text(&field(name), text, 0..=WORD_MAX).map(str::to_owned);
    let product_id = short(checks, "product_id", &r.product_id);
    let batch = short(checks, "batch", &r.batch);
    let serial = optional_reference(checks, &field("serial"), &r.serial);
    let category = short(checks, "category", &r.category);
    let reason = short(checks, "reason", &r.reason);
    let listed = checks.list(&field("evidence"), &r.evidence, EVIDENCE_MAX);
    let references = listed.unwrap_or_default().iter().enumerate();
    let read = |(m, one): (usize, &String)| reference(checks, &field(&format!("evidence[{m}]")), one);
    let evidence: Vec<Option<String>> = references.map(read).collect();
    let evidence = listed.and(evidence.into_iter().collect::<Option<Vec<_>>>());
    let bought_at = checks.instant(&field("bought_at"), r.bought_at.as_ref());
    let delivered_at = checks.instant(&field("delivered_at"), r.delivered_at.as_ref());
    let paid_for = paid(checks, &field("paid"), r.paid.as_ref());
    let stated = Stated {
        kind,
        reason: reason?,
        segment: segment.map(str::to_owned),
        opened: r.opened,
        resaleable: r.resaleable,
        discomfort: r.discomfort,
        proof: proof?,
        category: Some(category?).filter(|category| !category.is_empty()),
        channel: wire::channel(r.channel()),
        bought_at: bought_at?,
        delivered_at: delivered_at?,
        paid: paid_for?,
    };
    let (product_id, batch, serial, evidence) = (product_id?, batch?, serial?, evidence?);
    Some(AskedLine { bought: bought?, product_id, batch, serial, quantity: quantity?, evidence, wanted: None, stated })
}

/// The article that is wanted instead, where one is named.
fn wanted(checks: &mut Checks, n: usize, r: &LineRequest, price_max: &Limits) -> Option<Option<Wanted>> {
    let product_id = checks.text(&format!("lines[{n}].wanted_product_id"), &r.wanted_product_id, 0..=WORD_MAX);
    let price = price(checks, &format!("lines[{n}].wanted_price"), r.wanted_price.as_ref(), price_max);
    let wanted = Wanted { product_id: product_id?.to_owned(), price: price? };
    Some(Some(wanted).filter(|wanted| !wanted.product_id.is_empty() || wanted.price.is_some()))
}

/// The price of an article that goes out, which may be left out, and is bounded.
pub(super) fn price(
    checks: &mut Checks,
    field: &str,
    told: Option<&Money>,
    most: &Limits,
) -> Option<Option<kernel::money::Money>> {
    let price = paid(checks, field, told)?;
    let Some(kernel::money::Money { minor, currency }) = price else { return Some(None) };
    match most.get(&currency) {
        Some(most) if minor <= *most => Some(price),
        Some(most) => {
            checks.value(&format!("{field}.minor"), Err(format!("must be at most {most} (returns.price_max)")))
        }
        None => checks.value(&format!("{field}.currency"), Err("has no highest price (returns.price_max)")),
    }
}

/// What is paid for articles of no purchase, by the number of their line.
pub(super) fn amounts(checks: &mut Checks, told: &[ReviewedAmount], most: &Limits) -> Option<Amounts> {
    let listed = checks.list("amounts", told, LINES_MAX)?;
    let mut amounts = Amounts::new();
    for (n, one) in listed.iter().enumerate() {
        let line_no = checks.within(&format!("amounts[{n}].line_no"), one.line_no, 1..=u32::MAX);
        let amount = price(checks, &format!("amounts[{n}].amount"), one.amount.as_ref(), most)?;
        let amount = checks.value(&format!("amounts[{n}].amount"), amount.ok_or("is missing"));
        if amounts.insert(line_no?, amount?).is_some() {
            checks.wrong(format!("amounts[{n}].line_no"), "is named twice");
            return None;
        }
    }
    Some(amounts)
}

/// An amount that may be left out.
pub(super) fn paid(checks: &mut Checks, field: &str, paid: Option<&Money>) -> Option<Option<kernel::money::Money>> {
    let Some(paid) = paid else { return Some(None) };
    match wire::money(field, Some(paid)) {
        Ok(paid) if paid.minor >= 0 => Some(Some(paid)),
        Ok(_) => checks.value(&format!("{field}.minor"), Err("must not be below nothing")),
        Err(fault) => {
            fault.violations().iter().for_each(|wrong| checks.wrong(&wrong.field, &wrong.reason));
            None
        }
    }
}

impl Api {
    /// Looks the purchases up, and asks the policy about each line. Errors: what is meant is not known, line by line.
    pub(super) async fn ask(&self, asked: Asked, by: &str, now: Timestamp) -> Result<Request, Fault> {
        let of_lines = asked.lines.iter().filter_map(|line| Some(line.bought.as_ref()?.purchase_id));
        let of_agreement = asked.agreed.as_ref().and_then(|agreed| agreed.purchase_id);
        let wanted: BTreeSet<Uuid> = of_lines.chain(of_agreement).collect();
        let accounts = store::accounts(&self.pool, &wanted.into_iter().collect::<Vec<_>>()).await?;
        let policy = self.policy.policy().await?;
        let mut checks = Checks::default();
        let numbered = asked.lines.into_iter().enumerate();
        let asker = self.pseudonyms(asked.customer_id, &accounts).await?;
        let decide = |(n, line)| decide(&policy, &mut checks, (n, line, &asker), &accounts, now);
        let lines: Vec<_> = numbered.map(decide).collect();
        let lines = lines.into_iter().collect::<Option<_>>();
        let Some(lines) = lines else { return Err(checks.fault()) };
        let lines: Vec<Line> = lines;
        let (origin, agreed) = (&asked.origin, asked.agreed.as_ref());
        let compensation = match asked.gift {
            None => None,
            Some(gift) => {
                let given = self.giving(&mut checks, (gift, by), (origin, agreed), (&lines, &accounts));
                Some(given.ok_or_else(|| checks.fault())?)
            }
        };
        Ok(Request {
            order_id: agreed.map_or_else(Uuid::now_v7, |agreed| agreed.order_id),
            customer_id: asked.customer_id,
            origin: asked.origin,
            kind: asked.kind,
            by: by.to_owned(),
            lines,
            form: self.form.clone(),
            confirmed_at: None,
            review: None,
            authorised_at: None,
            rma_number: None,
            cancelled: None,
            terms: self.terms.clone(),
            surplus: vec![],
            promises: Promises::default(),
            payouts: vec![],
            replacements: vec![],
            compensation,
            agreed: asked.agreed.is_some(),
            agreed_money: None,
            unanswered_at: None,
            label: None,
            effort: self.ceilings.of(asked.kind),
        })
    }

    /// The pseudonyms of who asks, as far as it matters: where another one bought something of it. None where he is not known.
    async fn pseudonyms(&self, id: Uuid, accounts: &BTreeMap<Uuid, PurchaseAccount>) -> Result<Vec<Uuid>, Fault> {
        match accounts.values().filter_map(PurchaseAccount::bought_by).any(|buyer| buyer != id) {
            _ if id.is_nil() => Ok(vec![]),
            true => store::customers::pseudonyms(&self.pool, id).await,
            false => Ok(vec![id]),
        }
    }

    /// The receipts of an order, in the words of one language where it has them.
    pub(super) async fn decision(&self, r: &GetDecisionRequest) -> Result<GetDecisionResponse, Fault> {
        let mut checks = Checks::default();
        let id = checks.id("order_id", &r.order_id);
        let language = checks.text("language", &r.language, 0..=20);
        let (Some(id), Some(language)) = (id, language) else { return Err(checks.fault()) };
        let order: Option<Stored<ServiceOrder>> = store::order(&self.pool, id).await?;
        let request = order.and_then(|order| order.state.request);
        let request = request.ok_or_else(|| Fault::not_found("decision", "for a service order with this id"))?;
        let mut decisions = wire::request::decisions(&request);
        for receipt in decisions.iter_mut().filter_map(|decision| decision.receipt.as_mut()) {
            in_language(&mut receipt.words, language);
            in_language(&mut receipt.appeal, language);
        }
        Ok(GetDecisionResponse { decisions, review: request.review.as_ref().map(wire::request::review_view) })
    }
}

/// The line with the policy's receipt; none when it speaks of what is not known.
fn decide(
    policy: &Policy,
    checks: &mut Checks,
    (n, asked, customers): (usize, AskedLine, &[Uuid]),
    accounts: &BTreeMap<Uuid, PurchaseAccount>,
    now: Timestamp,
) -> Option<Line> {
    let AskedLine { bought, mut product_id, mut batch, serial, quantity, evidence, mut wanted, stated } = asked;
    for (name, at) in [("bought_at", stated.bought_at), ("delivered_at", stated.delivered_at)] {
        if at.is_some_and(|at| at > now) {
            checks.wrong(format!("lines[{n}].{name}"), "must not lie ahead: it is asked for once it was so");
            return None;
        }
    }
    let facts = match &bought {
        None => facts::stated(stated, now),
        Some(Bought { purchase_id, line_id }) => {
            let unknown = PurchaseAccount::default();
            let account = accounts.get(purchase_id).unwrap_or(&unknown);
            if let Ok((_, _, Some(article))) = account.article(line_id) {
                (product_id, batch) = (article.product_id.clone(), article.batch.clone());
            }
            let units = Units { line_id: line_id.clone(), quantity };
            let found = facts::of_purchase(stated, account, Asks { customers, units: &units }, now);
            checks.value(&format!("lines[{n}]"), found)?
        }
    };
    if let Some(wanted) = wanted.as_mut().filter(|wanted| wanted.product_id.is_empty()) {
        wanted.product_id.clone_from(&product_id);
    }
    let receipt = policy.decide(facts).ok_or_else(|| {
        let known: Vec<&str> = policy.reasons.keys().map(String::as_str).collect();
        format!("must be one of {}", known.join(", "))
    });
    let receipt = checks.value(&format!("lines[{n}].reason"), receipt)?;
    Some(Line { bought, product_id, batch, serial, quantity, evidence, wanted, receipt, leg: None, work: None })
}

fn in_language(words: &mut Vec<Wording>, language: &str) {
    if words.iter().any(|one| one.language == language) {
        words.retain(|one| one.language == language);
    }
}
