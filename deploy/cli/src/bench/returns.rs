//! Complete returns, with all services running: asked for at a counter and decided, brought, inspected, paid back by the
//! provider. Sold are as many articles before as are returned.
//! Invariant: a return counts only when the provider's own ledger has its refund.
use std::{
    fmt,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use backbone::Clock;
use contracts::fulfilment::v1::{
    GetOverviewRequest, InspectGoodsRequest, InspectionResult, LineRequest, OrderOrigin, ReceiveGoodsRequest,
    RequestServiceOrderRequest, fulfilment_client::FulfilmentClient,
};
use futures::future::try_join_all;
use indicatif::ProgressBar;
use jiff::SignedDuration;
use kernel::money::Money;
use tonic::transport::{Channel, Endpoint};

use super::{
    cost::{self, Cost},
    private::Private,
};
use crate::{
    drive::staff,
    forms::{Customer, Sale, SaleLine},
    home,
    import::{Line, sales},
    remote,
    stack::parts,
};

/// Clerks at work at the same time.
const CLERKS: usize = 48;
/// How long all refunds together may take to be paid after the last inspection.
const PAID_WITHIN: Duration = Duration::from_secs(120);
const CLERK: &str = "staff:clerk";

/// What came of it.
#[derive(Debug)]
pub struct Returns {
    pub done: usize,
    /// From the first request to the last payment.
    pub length: Duration,
    pub cost: Cost,
}

impl Returns {
    /// A second.
    pub fn rate(&self) -> f64 {
        self.done as f64 / self.length.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// Milliseconds of CPU a return over all processes, the payment provider's and the channels' left out: they are not ours.
    pub fn cpu_ms(&self) -> f64 {
        let ours = self.cost.cpu_ms.iter().filter(|(part, _)| ![parts::PAYMENTS, parts::SINK].contains(*part));
        ours.map(|(_, ms)| ms).sum()
    }
}

impl fmt::Display for Returns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} in {:.1} s, {:.0}/s; {:.2} ms of CPU each",
            self.done,
            self.length.as_secs_f64(),
            self.rate(),
            self.cpu_ms()
        )
    }
}

/// Sells so many articles, and takes them all back.
pub async fn play(private: &Private, count: usize) -> anyhow::Result<Returns> {
    let sold = sell(private, count).await?;
    let url = private.home.url(home::service("fulfilment")?)?;
    let endpoint = Endpoint::from_shared(url)?.timeout(Duration::from_secs(30));
    let client = FulfilmentClient::new(endpoint.connect().await?);
    let (before, began) = (cost::cpu(&private.home)?, Instant::now());
    let next = AtomicUsize::new(0);
    try_join_all((0..CLERKS).map(|_| clerk(client.clone(), &sold, &next))).await?;
    paid(client, count).await?;
    let length = began.elapsed();
    let known = paid_by_provider(private).await?;
    ensure!(known == count, "the provider paid {known} refunds for {count} returns");
    private.rest().await?;
    Ok(Returns { done: count, length, cost: Cost::since(&private.home, &before, count)? })
}

/// As a shop system tells it; waits until fulfilment knows what was paid.
async fn sell(private: &Private, count: usize) -> anyhow::Result<Vec<Sale>> {
    let at = Clock::system().now() - SignedDuration::from_hours(24);
    let paid = Money::new(4_990, "CNY".parse()?);
    let sale = |number: usize| Sale {
        channel: "shop".into(),
        order_ref: format!("bench-{number}"),
        store: Some("s-1".into()),
        bought_at: at,
        delivered_at: Some(at),
        customer: Customer { r#ref: Some(format!("bench-{number}")), ..Customer::default() },
        lines: vec![SaleLine {
            line_id: "1".into(),
            product_id: "P-204117".into(),
            category: "kitchen".into(),
            batch: None,
            quantity: 1,
            price: Some(paid),
            paid,
        }],
        paid,
    };
    let sold: Vec<Sale> = (0..count).map(sale).collect();
    let mut texts = Vec::with_capacity(count);
    for (number, sale) in (1..).zip(&sold) {
        texts.push(Ok(Ok(Line::of(number, sale.line()?))));
    }
    let sent = sales::send(&private.home, texts.into_iter(), ProgressBar::hidden()).await?;
    ensure!(sent.rejected.count() == 0, "intake refused {} sales", sent.rejected.count());
    let waiting = private.rest().await?;
    ensure!(waiting == 0, "{waiting} events wait after the sales");
    Ok(sold)
}

/// Takes one return after the other to where its money is on the way.
async fn clerk(mut client: FulfilmentClient<Channel>, sold: &[Sale], next: &AtomicUsize) -> anyhow::Result<()> {
    while let Some(sale) = sold.get(next.fetch_add(1, Ordering::Relaxed)) {
        let key = |step: &str| format!("{step}/{}", sale.order_ref);
        let asked = RequestServiceOrderRequest {
            customer_id: sale.purchase_id().to_string(),
            origin: Some(OrderOrigin { kind: "counter".into(), reference: "s-1".into() }),
            kind: "return_refund".into(),
            lines: vec![LineRequest {
                purchase_id: sale.purchase_id().to_string(),
                line_id: "1".into(),
                quantity: 1,
                reason: "no_reason".into(),
                resaleable: Some(true),
                ..Default::default()
            }],
            confirmed: true,
            ..Default::default()
        };
        let order = client.request_service_order(staff(CLERK, &key("ask"), asked)).await?.into_inner();
        ensure!(order.status == "authorised", "a return within seven days is {}", order.status);
        let order_id = order.id;
        let came = ReceiveGoodsRequest { order_id: order_id.clone(), place: "s-1".into(), ..Default::default() };
        client.receive_goods(staff(CLERK, &key("receive"), came)).await?;
        let result = InspectionResult { quantity: 1, accepted: true, grade: "a".into(), disposition: "restock".into() };
        let seen = InspectGoodsRequest { order_id, line_no: 1, results: vec![result], ..Default::default() };
        client.inspect_goods(staff(CLERK, &key("inspect"), seen)).await?;
    }
    Ok(())
}

/// Waits until every refund has reached its customer.
async fn paid(mut client: FulfilmentClient<Channel>, count: usize) -> anyhow::Result<()> {
    let until = Instant::now() + PAID_WITHIN;
    loop {
        let overview = client.get_overview(GetOverviewRequest {}).await?.into_inner();
        let paid =
            overview.refunds.iter().find(|refunds| refunds.key == "succeeded").map_or(0, |refunds| refunds.count);
        if paid >= u64::try_from(count)? {
            return Ok(());
        }
        ensure!(Instant::now() < until, "{paid} of {count} refunds are paid after {PAID_WITHIN:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Refunds the provider itself knows of.
async fn paid_by_provider(private: &Private) -> anyhow::Result<usize> {
    #[derive(serde::Deserialize)]
    struct Ledger {
        entries: Vec<serde::de::IgnoredAny>,
    }
    let url = format!("http://127.0.0.1:{}/ledger", private.home.ports()?.payments());
    let ledger: Ledger = remote::http()?.get(url).send().await?.json().await.context("the provider's ledger")?;
    Ok(ledger.entries.len())
}
