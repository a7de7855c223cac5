//! What a shop or warehouse has open, and how fast its list is with a chain's years of orders.
use std::time::{Duration, Instant};

use contracts::{
    common::v1::Page,
    fulfilment::v1::{GoOnWithoutGoodsRequest, ListOpenOrdersRequest, ListOpenOrdersResponse, ReceiveGoodsRequest},
};
use testkit::{request, wrong_fields};
use tonic::Status;
use uuid::Uuid;

use crate::{
    goods::result,
    returns::{at_counter, line},
    world::World,
};

impl World {
    async fn open_at(&self, place: &str, page: Option<Page>) -> Result<ListOpenOrdersResponse, Status> {
        let asked = ListOpenOrdersRequest { place: place.into(), page };
        self.client().list_open_orders(asked).await.map(|answer| answer.into_inner())
    }

    async fn ids_open_at(&self, place: &str) -> Vec<String> {
        self.open_at(place, None).await.unwrap().orders.into_iter().map(|order| order.order_id).collect()
    }

    /// A return of two pieces at the counter of `s-1`, authorised.
    async fn return_of_two(&self) -> String {
        let purchase = self.sold(Some(1), &[(2, 1_000)]).await;
        let asked = at_counter("return_refund", vec![line(purchase, "0", 2, "no_reason")]);
        self.ask("staff:ana", asked).await.unwrap().id
    }

    async fn came_to(&self, id: &str, place: &str, quantity: u32) {
        let came = contracts::fulfilment::v1::LinePiecesReceived { line_no: 1, quantity, ..Default::default() };
        let (order_id, place, came) = (id.into(), place.into(), vec![came]);
        let parcel_reference = Uuid::new_v4().to_string();
        let parcel = ReceiveGoodsRequest { order_id, place, came, parcel_reference, ..Default::default() };
        self.client().receive_goods(request("staff:ana", parcel)).await.unwrap();
        self.seconds(1).await;
    }
}

#[tokio::test]
async fn r_ful_04_an_open_return_is_on_the_list_of_the_place_that_has_its_goods_and_of_no_other() {
    let world = World::new().await;
    let first = world.return_of_two().await;
    world.seconds(1).await;
    let second = world.return_of_two().await;
    assert_eq!(world.ids_open_at("s-1").await, [first.clone(), second.clone()], "the oldest first");

    world.came_to(&first, "s-2", 1).await;
    assert_eq!(world.ids_open_at("s-1").await, std::slice::from_ref(&second));
    assert_eq!(world.ids_open_at("s-2").await, std::slice::from_ref(&first));
    world.came_to(&first, "warehouse", 1).await;
    assert!(world.ids_open_at("s-2").await.is_empty(), "the rest of it lies elsewhere");
    assert_eq!(world.ids_open_at("warehouse").await, std::slice::from_ref(&first));

    world.inspect(&first, 1, vec![result(2, true, "restock")]).await.unwrap();
    world.stack.settle().await;
    world.seconds(60).await;
    assert_eq!(world.status(first.parse().unwrap()).await, "completed");
    assert!(world.ids_open_at("warehouse").await.is_empty(), "what is over is not open");

    // A parcel of which nobody said where it came to stays with the shop that was asked.
    world.came_to(&second, "", 1).await;
    assert_eq!(world.ids_open_at("s-1").await, std::slice::from_ref(&second));
    let on = GoOnWithoutGoodsRequest { order_id: second.clone() };
    world.client().go_on_without_goods(request("staff:ana", on)).await.unwrap();
    assert_eq!(world.ids_open_at("s-1").await, [second]);
}

#[tokio::test]
async fn a_place_is_named_and_its_list_is_read_page_by_page() {
    let world = World::new().await;
    let wrong = world.open_at("", None).await.unwrap_err();
    assert_eq!(wrong_fields(&wrong), ["place"]);
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(world.return_of_two().await);
        world.seconds(1).await;
    }
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let page = Page { size: 2, token: std::mem::take(&mut token) };
        let answer = world.open_at("s-1", Some(page)).await.unwrap();
        seen.extend(answer.orders.into_iter().map(|order| order.order_id));
        token = answer.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, all);
}

const ORDERS: u32 = 5_000_000;
const PORTION: u32 = 50_000;
/// Every so many orders one is open.
const OPEN: u32 = 20;
/// Shops, and one warehouse to which every fourth of the goods comes.
const SHOPS: u32 = 1_024;
const QUESTIONS: u32 = 1_000;

/// Copies of two real orders, an open one and one that is over, each with ids, a number, a place and a time of its own.
const FILL: &str = "-- bench.fill
    insert into service_order (id, version, hash, state)
    select ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 1, '', jsonb_set(
      replace(replace(replace(replace(
        case when n % $3 = 0 then $4 else $5 end,
        '#id', '00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0')),
        '#rma', 'R' || lpad(n::text, 10, '0')),
        '#place', case when n / $3 % 4 = 0 then 'warehouse' else 's-' || (hashint4(n) & $6) end),
        '#origin', 's-' || (hashint4(n + 7) & $6))::jsonb,
      '{opened_at}', to_jsonb(to_char(timestamptz '2026-11-01Z' - n * interval '13 seconds', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')))
    from generate_series($1::int, $2::int) as n";

#[tokio::test]
#[ignore = "takes minutes and gigabytes: make bench-desk"]
async fn what_a_shop_has_open_among_five_million_orders_is_listed_in_20_ms() {
    let world = World::new().await;
    let pool = world.stack.pool("fulfilment");
    let mut templates = Vec::new();
    for over in [false, true] {
        let id = world.return_of_two().await;
        world.came_to(&id, "PLACE", 2).await;
        if over {
            world.inspect(&id, 1, vec![result(2, true, "restock")]).await.unwrap();
            world.stack.settle().await;
            world.seconds(60).await;
        }
        let state: String = sqlx::query_scalar("-- bench.state\nselect state::text from service_order where id = $1")
            .bind(id.parse::<Uuid>().unwrap())
            .fetch_one(&pool)
            .await
            .unwrap();
        let rma = world.requested(&id).await.form.unwrap().rma_number;
        let state = state.replace(&id, "#id").replace(&rma, "#rma").replace("PLACE", "#place");
        templates.push(state.replace("\"s-1\"", "\"#origin\""));
    }
    let began = Instant::now();
    for from in (0..ORDERS).step_by(PORTION as usize) {
        sqlx::query(FILL)
            .bind(i32::try_from(from).unwrap())
            .bind(i32::try_from(from + PORTION - 1).unwrap())
            .bind(i32::try_from(OPEN).unwrap())
            .bind(&templates[0])
            .bind(&templates[1])
            .bind(i32::try_from(SHOPS - 1).unwrap())
            .execute(&pool)
            .await
            .unwrap();
    }
    println!("{ORDERS} orders in {:?}", began.elapsed());
    // One connection, which may take as long as it needs.
    let mut patient = pool.acquire().await.unwrap();
    for statement in ["-- bench.patience\nset statement_timeout = 0", "-- bench.vacuum\nvacuum analyze service_order"] {
        sqlx::query(statement).execute(&mut *patient).await.unwrap();
    }
    drop(patient);
    let place = |n: u32| if n.is_multiple_of(10) { "warehouse".to_owned() } else { format!("s-{}", n * 37 % SHOPS) };
    let (mut times, mut listed, mut token) = (Vec::new(), 0, String::new());
    for n in 0..QUESTIONS {
        // Every other question is for the page after the one before.
        let page = Page { size: 50, token: std::mem::take(&mut token) };
        let began = Instant::now();
        let answer = world.open_at(&place(n / 2), Some(page)).await.unwrap();
        times.push(began.elapsed());
        listed += answer.orders.len();
        if n % 2 == 0 {
            token = answer.next_page_token;
        }
    }
    times.sort_unstable();
    let at = |share: usize| times[(times.len() * share / 1000).min(times.len() - 1)];
    println!("a page of what a place has open: p50 {:?}, p99 {:?}, mark 20 ms; {listed} listed", at(500), at(990));
    assert!(listed > times.len() * 25, "{listed} listed in {} pages", times.len());
    assert!(at(990) <= Duration::from_millis(20));
}
