//! What the customer has to do is counted once each time, against its ceiling.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use jiff::SignedDuration;
use kernel::returns::{Answer, Goods as WhenGoods};

use super::{
    super::{
        Command as Order, Event as Happened, ServiceOrder,
        goods::{Disposition, Finding, Inspection},
        request::{
            Command as Asked,
            tests::{NOW, line, request},
        },
        returning::Came,
    },
    *,
};

fn ceilings(interactions: u32, documents: u32) -> Ceilings {
    let most = Most { interactions, documents };
    Ceilings { id: "t".into(), version: 3, of: [(Kind::ReturnRefund, most)].into() }
}

/// A return of two pieces with two photos.
fn ask(ceilings: &Ceilings, confirmed: bool) -> Order {
    let mut request = request(&[Answer::Eligible]);
    request.lines[0].quantity = 2;
    request.lines[0].receipt.outcome.goods = WhenGoods::Before;
    request.lines[0].evidence = vec!["doc:1".into(), "doc:2".into()];
    request.effort = ceilings.of(request.kind);
    Order::Request(Asked::Ask { request: Box::new(request), confirmed })
}

fn receive() -> Order {
    let came = vec![Came { line_no: Some(1), product_id: String::new(), quantity: 1 }];
    Order::ReceiveGoods { by: "staff:ana".into(), place: "s-1".into(), came }
}

fn reject() -> Order {
    let findings =
        vec![Finding { quantity: 1, accepted: false, grade: "a".into(), disposition: Disposition::BackToCustomer }];
    let (criteria, photos, renewed) = (vec![], vec![], Some(line(0, Answer::Ineligible).receipt));
    let by = "staff:eve".into();
    let inspection = Inspection { by, at: NOW, findings, criteria, photos, renewed, word: None, ruling: None };
    Order::Request(Asked::Goods(returning::Command::Inspect { line_no: 1, inspection: Box::new(inspection) }))
}

fn agree() -> Order {
    Order::Request(Asked::Goods(returning::Command::HearCustomer { line_no: 1, by: "staff:bo".into(), agreed: true }))
}

/// Takes the commands a second after one another; how often it was told that it is too much.
fn after(commands: Vec<Order>) -> (Effort, usize) {
    let (mut order, mut told, mut at) = (ServiceOrder::default(), 0, NOW);
    for command in commands {
        for event in order.decide(command, at).unwrap() {
            order.apply(&event);
            told += usize::from(event == Happened::Request(Told::TooMuchAsked));
        }
        at += SignedDuration::from_secs(1);
    }
    (order.request.unwrap().effort, told)
}

#[test]
fn r_ful_09_what_the_customer_has_to_do_is_counted_once_each_time() {
    let all = ceilings(9, 9);
    let counted = |commands| {
        let (effort, told) = after(commands);
        assert_eq!((effort.is_too_much(), told), (false, 0));
        (effort.interactions, effort.documents)
    };
    assert_eq!(counted(vec![ask(&all, true)]), (1, 2), "he asks and confirms in one go");
    assert_eq!(counted(vec![ask(&all, false), Order::Request(Asked::Confirm)]), (2, 2));
    assert_eq!(counted(vec![ask(&all, true), receive(), receive()]), (3, 2), "each parcel");
    assert_eq!(counted(vec![ask(&all, true), receive(), reject()]), (2, 2), "an inspection is no work of his");
    assert_eq!(counted(vec![ask(&all, true), receive(), reject(), agree()]), (3, 2), "his word on it is");
}

#[test]
fn r_ful_09_an_order_above_its_ceiling_says_so_once() {
    let whole = |ceilings: &Ceilings| after(vec![ask(ceilings, true), receive(), receive(), reject(), agree()]);
    for (interactions, documents, too_much) in [(4, 2, false), (3, 2, true), (1, 2, true), (4, 1, true)] {
        let (effort, told) = whole(&ceilings(interactions, documents));
        assert_eq!((effort.interactions, effort.documents), (4, 2));
        assert_eq!((effort.is_too_much(), effort.exceeded, told), (too_much, too_much, usize::from(too_much)));
        assert_eq!(effort.ceiling.unwrap().policy.version, 3, "the ceiling it was asked for under");
    }
    let none = Ceilings { of: BTreeMap::new(), ..ceilings(1, 0) };
    assert_eq!(whole(&none).1, 0, "what has no ceiling is not above it");
}

#[test]
fn ceilings_that_cannot_be_are_refused() {
    let shipped: Ceilings = backbone::config::document(None, DEFAULT).unwrap();
    assert_eq!((shipped.problems(), shipped.of.len()), (vec![], Kind::ALL.len()));
    let wrong = Ceilings { version: 0, ..ceilings(0, 0) };
    assert_eq!(wrong.problems(), [CeilingError::Version, CeilingError::Nothing]);
}
