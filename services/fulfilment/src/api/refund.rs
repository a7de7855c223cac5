//! The door to refunds: those that wait for people, and what became of an earlier attempt at the same money. No rules.
use backbone::{Change, Checks, Fault, Unit, page::by_time};
use contracts::{
    Message,
    common::v1::Receipt,
    fulfilment::v1::{ListRefundsRequest, ListRefundsResponse, RecordRefundPaidRequest, SettleEarlierAttemptRequest},
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{Api, Caller, caller, key, repair::reference};
use crate::{
    domain::refund::{Command, Refund},
    store::{self, Stored},
    wire,
};

const STATUSES: [&str; 6] = ["queued", "sent", "unknown", "succeeded", "failed", "by_hand"];

impl Api {
    /// Somebody paid what no provider can.
    pub(super) async fn refund_paid(
        &self,
        request: Request<RecordRefundPaidRequest>,
    ) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let caller = caller(&mut checks, &request, "fulfilment.record_refund_paid");
        let id = checks.id("refund_id", &request.get_ref().refund_id);
        let reference = reference(&mut checks, "reference", &request.get_ref().reference);
        let (Some(caller), Some(id), Some(reference)) = (caller, id, reference) else {
            return Err(checks.fault().into());
        };
        let by = caller.0.as_str().to_owned();
        self.tell_refund(caller, id, Command::PayByHand { by, reference }).await
    }

    /// Somebody says what became of an earlier attempt at its money.
    pub(super) async fn settle_earlier(
        &self,
        request: Request<SettleEarlierAttemptRequest>,
    ) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let caller = caller(&mut checks, &request, "fulfilment.settle_earlier_attempt");
        let id = checks.id("refund_id", &request.get_ref().refund_id);
        let reference = reference(&mut checks, "reference", &request.get_ref().reference);
        let (Some(caller), Some(id), Some(reference)) = (caller, id, reference) else {
            return Err(checks.fault().into());
        };
        let (by, paid) = (caller.0.as_str().to_owned(), request.get_ref().paid);
        self.tell_refund(caller, id, Command::SettleEarlier { by, paid, reference }).await
    }

    async fn tell_refund(&self, (actor, key): Caller, id: Uuid, command: Command) -> Result<Response<Receipt>, Status> {
        let unit = Unit::of(Change::to::<Refund>(id, command))
            .actor(actor)
            .key(key)
            .answer::<Refund>(|id, version, refund| wire::refund::refund_receipt(id, version, refund).encode_to_vec());
        let answer = self.road.submit(unit).await?;
        Ok(Response::new(Receipt::decode(answer.body.as_slice()).map_err(Fault::internal)?))
    }

    /// By status, the newest first.
    pub(super) async fn refunds(&self, request: ListRefundsRequest) -> Result<Response<ListRefundsResponse>, Status> {
        let ListRefundsRequest { status, page } = request;
        let mut checks = Checks::default();
        let status = checks.optional_of("status", &status, &STATUSES);
        let page = checks.page(page.as_ref(), by_time);
        let (Some(status), Some((page, after))) = (status, page) else { return Err(checks.fault().into()) };
        let rows = store::refunds(&self.pool, status, after, page.limit()).await?;
        let place = |row: &Stored<Refund>| (key(row.state.queued_at), row.id);
        Ok(Response::new(ListRefundsResponse {
            next_page_token: page.next(&rows, place),
            refunds: rows.iter().map(|row| wire::refund::refund_view(row.id, row.version, &row.state)).collect(),
        }))
    }
}
