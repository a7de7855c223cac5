//! The gRPC door to goods that came and belong to nothing that is awaited. No rules.
use backbone::{Change, Checks, Fault, Road, Unit, fault, page::by_time};
use contracts::{
    Message,
    common::v1::Receipt,
    fulfilment::v1::{
        FoundPieces, ListFoundGoodsRequest, ListFoundGoodsResponse, RecordFoundGoodsRequest, SettleFoundGoodsRequest,
        found_parcels_server::FoundParcels,
    },
};
use jiff::{SignedDuration, Timestamp};
use sqlx::PgPool;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    Caller, caller,
    cost::answered,
    goods::{LIST_MAX, Parcel, QUANTITY_MAX, came},
    key,
    repair::{optional_reference, reference},
    request::code,
};
use crate::{
    domain::{
        found::{Command, Facts, FoundGoods, Settlement, found_id, repeated_id},
        order::returning::Came,
    },
    store::{self, Stored},
    wire,
};

const STATUSES: [&str; 5] = ["waiting", "assigned", "sent_back", "kept", "mistaken"];
/// What an order says that awaits nothing.
const AWAITS_NOTHING: [&str; 3] = ["order.goods_already_received", "order.no_goods_expected", "order.not_now"];

/// Found goods.
pub struct Api {
    pub pool: PgPool,
    pub road: Road,
    /// By when a person is to say what becomes of what was found.
    pub settle_within: SignedDuration,
}

/// Keeps a parcel that an order refused because it awaits nothing; the refusal says under which id. Any other is as it was.
/// A request that is sent again with its key means the same parcel, also where that has no number.
pub(super) async fn keep(
    (road, settle_within): (&Road, SignedDuration),
    order_id: Uuid,
    parcel: Parcel,
    (actor, key): Caller,
    refused: Fault,
) -> Fault {
    if refused.kind() != fault::Kind::Rejected || !AWAITS_NOTHING.contains(&refused.code()) {
        return refused;
    }
    let number = parcel.reference.unwrap_or_default();
    let facts = Facts {
        found_id: found_id(Some(order_id), &number)
            .or_else(|| key.map(|key| repeated_id(order_id, &key.identity())))
            .unwrap_or_else(Uuid::now_v7),
        order_id: Some(order_id),
        place: parcel.place,
        by: actor.as_str().to_owned(),
        at: Timestamp::UNIX_EPOCH,
        parcel: number,
        came: parcel.came,
        settle_within,
    };
    let id = facts.found_id;
    let record = Change::to::<FoundGoods>(id, Command::Record(Box::new(facts)));
    match road.submit(Unit::of(record).actor(actor)).await {
        Ok(_) => {
            let (code, words) = (refused.code().to_owned(), refused.public());
            Fault::rejected(code, format!("{words}; the parcel is kept as found goods {id}"))
        }
        Err(fault) => fault,
    }
}

/// Reads what becomes of it.
fn settlement(checks: &mut Checks, r: &SettleFoundGoodsRequest) -> Option<Settlement> {
    match checks.one_of("how", &r.how, &STATUSES[1..])? {
        "assigned" => {
            let order_id = checks.id("order_id", &r.order_id);
            let came = came(checks, &r.came);
            Some(Settlement::Assigned { order_id: order_id?, came: came? })
        }
        "sent_back" => Some(Settlement::SentBack { reference: reference(checks, "reference", &r.reference)? }),
        "kept" => Some(Settlement::Kept { reason: code(checks, "reason", &r.reason)? }),
        _ => Some(Settlement::Mistaken { reason: code(checks, "reason", &r.reason)? }),
    }
}

#[tonic::async_trait]
impl FoundParcels for Api {
    async fn record_found_goods(&self, request: Request<RecordFoundGoodsRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let caller = caller(&mut checks, &request, "fulfilment.record_found_goods");
        let r = request.get_ref();
        let place = reference(&mut checks, "place", &r.place);
        let parcel = optional_reference(&mut checks, "parcel_reference", &r.parcel_reference);
        let listed = checks.list("came", &r.came, LIST_MAX);
        let one = |(n, one): (usize, &FoundPieces)| {
            let quantity = checks.within(&format!("came[{n}].quantity"), one.quantity, 1..=QUANTITY_MAX);
            let product_id = reference(&mut checks, &format!("came[{n}].product_id"), &one.product_id);
            Some(Came { line_no: None, product_id: product_id?, quantity: quantity? })
        };
        let read: Vec<Option<Came>> = listed.unwrap_or_default().iter().enumerate().map(one).collect();
        let came = listed.and(read.into_iter().collect::<Option<_>>());
        let (Some((actor, key)), Some(place), Some(parcel), Some(came)) = (caller, place, parcel, came) else {
            return Err(checks.fault().into());
        };
        let found_id = found_id(None, &parcel).unwrap_or_else(Uuid::now_v7);
        let by = actor.as_str().to_owned();
        let (at, settle_within) = (Timestamp::UNIX_EPOCH, self.settle_within);
        let facts = Facts { found_id, order_id: None, place, by, at, parcel, came, settle_within };
        let record = Change::to::<FoundGoods>(found_id, Command::Record(Box::new(facts)));
        let unit = Unit::of(record).actor(actor).key(key);
        answered(&self.road, unit.answer::<FoundGoods>(receipt)).await
    }

    async fn settle_found_goods(&self, request: Request<SettleFoundGoodsRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let caller = caller(&mut checks, &request, "fulfilment.settle_found_goods");
        let id = checks.id("found_id", &request.get_ref().found_id);
        let how = settlement(&mut checks, request.get_ref());
        let (Some((actor, key)), Some(id), Some(how)) = (caller, id, how) else { return Err(checks.fault().into()) };
        let settle = Command::Settle { by: actor.as_str().to_owned(), how };
        let unit = Unit::of(Change::to::<FoundGoods>(id, settle)).actor(actor).key(key);
        answered(&self.road, unit.answer::<FoundGoods>(receipt)).await
    }

    async fn list_found_goods(
        &self,
        request: Request<ListFoundGoodsRequest>,
    ) -> Result<Response<ListFoundGoodsResponse>, Status> {
        let ListFoundGoodsRequest { status, place, page } = request.into_inner();
        let mut checks = Checks::default();
        let status = checks.optional_of("status", &status, &STATUSES);
        let place = checks.text("place", &place, 0..=200);
        let page = checks.page(page.as_ref(), by_time);
        let (Some(status), Some(place), Some((page, after))) = (status, place, page) else {
            return Err(checks.fault().into());
        };
        let of = (status, Some(place).filter(|place| !place.is_empty()));
        let rows = store::found(&self.pool, of, after, page.limit()).await?;
        let at = |row: &Stored<FoundGoods>| (key(row.state.facts.as_ref().map(|facts| facts.at)), row.id);
        Ok(Response::new(ListFoundGoodsResponse {
            next_page_token: page.next(&rows, at),
            found: rows.iter().map(|row| wire::found::found_view(row.version, &row.state)).collect(),
        }))
    }
}

fn receipt(id: Uuid, version: u64, found: &FoundGoods) -> Vec<u8> {
    wire::found::found_receipt(id, version, found).encode_to_vec()
}
