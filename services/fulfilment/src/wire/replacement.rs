//! Goods that go out again, between the contracts and the domain: their events, and what people are shown.
use backbone::{Published, proto};
use contracts::fulfilment::v1 as out;

use super::to_money;
use crate::domain::order::{
    replacement::{Event, Replacement},
    request::Request,
};

/// What others learn; `request` is the state after the event.
pub fn published(request: &Request, event: &Event, shard: u8) -> Published {
    let order_id = request.order_id.to_string();
    let one = request.replacement(event.id());
    let pieces = one.map(pieces);
    let status = one.map(|one| one.state.word().to_owned()).unwrap_or_default();
    match event {
        Event::Wanted(new) => Published::of(&out::ReplacementWanted { order_id, pieces, status }, shard).at(new.since),
        Event::Moved { parcel, at, .. } => {
            let carrier = parcel.as_ref().map(|parcel| parcel.carrier.clone()).unwrap_or_default();
            Published::of(&out::ReplacementMoved { order_id, pieces, status, carrier }, shard).at(*at)
        }
        Event::Offered { article, at, .. } => {
            let (offered_product_id, offered_price) = (article.product_id.clone(), article.price.and_then(to_money));
            let offered = out::ReplacementOffered { order_id, pieces, offered_product_id, offered_price };
            Published::of(&offered, shard).at(*at)
        }
        Event::Answered { agreed, at, .. } => {
            Published::of(&out::ReplacementOfferAnswered { order_id, pieces, agreed: *agreed }, shard).at(*at)
        }
        Event::DifferencePaid { difference, .. } => {
            let (amount, taken_by_provider) = (to_money(difference.amount), difference.by_provider);
            let paid = out::ReplacementDifferencePaid { order_id, pieces, amount, taken_by_provider };
            Published::of(&paid, shard).at(difference.at)
        }
    }
}

fn pieces(one: &Replacement) -> out::ReplacementPieces {
    out::ReplacementPieces {
        replacement_id: one.id.to_string(),
        attempt: one.attempt,
        line_no: one.line_no,
        product_id: one.article.product_id.clone(),
        quantity: one.quantity,
    }
}

/// The attempts of an order as people see them.
pub fn views(request: &Request) -> Vec<out::ReplacementView> {
    request.replacements.iter().map(|one| view(request, one)).collect()
}

/// An attempt as people see it.
pub fn view(request: &Request, one: &Replacement) -> out::ReplacementView {
    let offered = one.offer.as_ref().map(|offer| &offer.article);
    let parcel = one.parcel.clone();
    out::ReplacementView {
        order_id: request.order_id.to_string(),
        pieces: Some(pieces(one)),
        status: one.state.word().to_owned(),
        since: Some(proto::timestamp(one.since)),
        price: one.article.price.and_then(to_money),
        offered_product_id: offered.map(|article| article.product_id.clone()).unwrap_or_default(),
        offered_price: offered.and_then(|article| article.price).and_then(to_money),
        offer_agreed: one.offer.as_ref().and_then(|offer| offer.agreed),
        carrier: parcel.as_ref().map(|parcel| parcel.carrier.clone()).unwrap_or_default(),
        tracking_number: parcel.map(|parcel| parcel.tracking_number).unwrap_or_default(),
        difference_due: request.difference_due(one).and_then(to_money),
        differences_paid: one.differences.iter().filter_map(|paid| to_money(paid.amount)).collect(),
        first_replacement_id: one.of.to_string(),
    }
}
