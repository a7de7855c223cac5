//! The process is killed at every point at which it waits for anybody (Postgres, the broker, the provider), while an
//! agreed refund is paid, in every mood of the provider; and again while what was left is taken up. Whatever happened, the
//! money leaves once or not at all, and nothing stays unknown (R-FUL-05, R-FUL-17).
//!
//! What a process has done is what it has said to others and they to it. So each connection goes through a wire that counts
//! what passes in either direction; at the n-th piece the wire is cut before it, and the process ends where it stands.
#![expect(
    clippy::disallowed_methods,
    reason = "the wires are nobody's service, and a person says how many runs there are"
)]
use std::{
    future::Future,
    net::{Ipv4Addr, SocketAddr},
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    thread,
    time::Duration,
};

use backbone::{Clock, Settings, node::Node};
use contracts::{common::v1::TenderKind, fulfilment::v1::RequestServiceOrderRequest};
use jiff::SignedDuration;
use stories::payments::{Mode, Mood, Trouble};
use testkit::Servers;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::{Builder, Handle},
    sync::watch,
};
use uuid::Uuid;

use crate::{
    callbacks::SECRET,
    compensations::gift,
    returns::{at_counter, line},
    world::{World, refund_of},
};

const MOODS: [Mode; 6] =
    [Mode::Normal, Mode::SilentAfterPaying, Mode::ErrorBeforePaying, Mode::Slow, Mode::Fail, Mode::Refuse];
/// Another process hears what the provider tells of itself, at any time, and much of it is not to be believed.
const TROUBLES: [Trouble; 7] = Trouble::ALL;
const AMOUNT: i64 = 500;
/// So many runs over one database, which nobody vacuums.
const PORTION: usize = 100;
/// So many steps without anything to do: the process is at rest.
const IDLE: usize = 2;

/// Counts down what passes; at nothing it is cut for good.
struct Fuse {
    left: AtomicI64,
    cut: watch::Sender<bool>,
}

impl Fuse {
    /// Nothing is counted before it is set.
    fn new() -> Arc<Self> {
        Arc::new(Self { left: AtomicI64::new(i64::MAX), cut: watch::Sender::new(false) })
    }

    fn set(&self, pieces: i64) {
        self.left.store(pieces, Ordering::SeqCst);
    }

    /// What has passed since it was set to `pieces`.
    fn passed(&self, pieces: i64) -> i64 {
        pieces - self.left.load(Ordering::SeqCst)
    }

    /// Whether one more piece may pass.
    fn pass(&self) -> bool {
        let may = self.left.fetch_sub(1, Ordering::SeqCst) > 0;
        if !may {
            self.cut.send_replace(true);
        }
        may
    }

    async fn is_cut(&self) {
        let mut cut = self.cut.subscribe();
        let _it_cannot_close = cut.wait_for(|cut| *cut).await;
    }
}

/// Wires to the servers, in a runtime of their own, which ends with the tests.
struct Wires {
    runtime: Handle,
    fuse: watch::Sender<Arc<Fuse>>,
}

impl Wires {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let handle = runtime.handle().clone();
        thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
        Self { runtime: handle, fuse: watch::Sender::new(Fuse::new()) }
    }

    /// A wire to a server; gives where it begins.
    fn to(&self, server: SocketAddr) -> SocketAddr {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let fuse = self.fuse.subscribe();
        self.runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((near, _)) = listener.accept().await {
                let fuse = Arc::clone(&fuse.borrow());
                if let Ok(far) = TcpStream::connect(server).await {
                    let _nagle = near.set_nodelay(true).and(far.set_nodelay(true));
                    tokio::spawn(carry(near, far, fuse));
                }
            }
        });
        address
    }

    /// A fuse for the connections that come now.
    fn renew(&self) -> Arc<Fuse> {
        let fuse = Fuse::new();
        self.fuse.send_replace(Arc::clone(&fuse));
        fuse
    }
}

async fn carry(mut near: TcpStream, mut far: TcpStream, fuse: Arc<Fuse>) {
    let ((mut from_near, mut to_near), (mut from_far, mut to_far)) = (near.split(), far.split());
    tokio::select! {
        () = pass(&mut from_near, &mut to_far, &fuse) => {}
        () = pass(&mut from_far, &mut to_near, &fuse) => {}
        () = fuse.is_cut() => {}
    }
}

async fn pass(from: &mut (impl AsyncReadExt + Unpin), to: &mut (impl AsyncWriteExt + Unpin), fuse: &Fuse) {
    let mut piece = vec![0; 64 * 1024];
    while let Ok(size @ 1..) = from.read(&mut piece).await {
        if !fuse.pass() || to.write_all(&piece[..size]).await.is_err() {
            return;
        }
    }
}

/// What is paid.
#[derive(Clone, Copy, PartialEq)]
enum Work {
    /// An agreed refund.
    Agreed,
    /// Compensation in cash.
    Cash,
    /// A return that is asked for, of what was paid by two means.
    Split,
}

/// What is proven in one mood of the provider, over many runs.
struct Proof {
    mood: Mode,
    work: Work,
    world: World,
    wires: Wires,
    settings: Settings,
    clock: Clock,
    kills: usize,
}

impl Proof {
    async fn begin(mood: Mode, work: Work) -> Self {
        let world = World::with(|service| {
            service["payments"]["timeout"] = "60ms".into();
            service["payments"]["callback_secrets"] = vec![SECRET].into();
        })
        .await;
        world.calls_back(SECRET, &TROUBLES);
        let context = world.stack.node("fulfilment").context();
        let (mut settings, clock) = (Settings::clone(&context.settings), context.clock.clone());
        let wires = Wires::new();
        let through = |url: &str| {
            let mut url: reqwest::Url = url.parse().unwrap();
            let server = url.socket_addrs(|| None).unwrap()[0];
            url.set_port(Some(wires.to(server).port())).unwrap();
            url.to_string()
        };
        let (port, name) = (Servers::get().postgres, world.stack.space());
        settings.database.url = through(&format!("postgres://postgres@127.0.0.1:{port}/{name}")).into();
        settings.database.connections_max = 2;
        settings.nats.url = through(&settings.nats.url);
        settings.nats.provision = false;
        settings.service["payments"]["url"] = through(&world.url).into();
        world.agree(world.bought(&[AMOUNT]).await, refund_of(AMOUNT)).await;
        for owner in ["intake", "complaint"] {
            world.stack.redeliver_after("fulfilment", owner, Duration::from_millis(100)).await;
        }
        Self { mood, work, world, wires, settings, clock, kills: 0 }
    }

    /// A process of its own, which ends when it is at rest or after so many pieces; says how many passed, and whether it
    /// was killed. `work` is what comes to it once it is up.
    fn live(&self, pieces: i64, work: impl Future<Output = ()> + Send) -> (i64, bool) {
        let fuse = self.wires.renew();
        let (settings, clock) = (self.settings.clone(), self.clock.clone());
        thread::scope(|scope| {
            let life = scope.spawn(|| {
                let process = Builder::new_current_thread().enable_all().build().unwrap();
                let survived = process.block_on(async {
                    let node = Node::build(&fulfilment::SERVICE, settings, clock).await.unwrap();
                    // The first step finds the connections new.
                    while node.step().await.is_err() {}
                    work.await;
                    fuse.set(pieces);
                    tokio::select! {
                        () = until_rest(&node) => true,
                        () = fuse.is_cut() => false,
                    }
                });
                process.shutdown_background();
                (fuse.passed(pieces), !survived)
            });
            life.join().unwrap()
        })
    }

    /// One refund, the process killed after `first` pieces, and after `second` of what was left. Says how many
    /// passed at first.
    async fn run(&mut self, first: i64, second: Option<i64>) -> i64 {
        let world = &self.world;
        world.calm().await;
        let purchase = world.bought(&[AMOUNT * 2]).await;
        world.mood(Mood { delay_ms: 90, ..self.mood.into() }).await;
        let agreed = refund_of(AMOUNT);
        let order = match self.work {
            Work::Agreed => fulfilment::domain::order_id(agreed.remedy),
            Work::Cash => self.give(purchase).await,
            Work::Split => self.take_back().await,
        };
        let announce = async {
            if self.work == Work::Agreed {
                world.announce(Uuid::new_v4(), 1, Some(purchase), &[agreed]).await;
            }
        };
        let (passed, killed) = self.live(first, announce);
        let mut kills = usize::from(killed);
        if let Some(second) = second {
            world.stack.move_clock(SignedDuration::from_secs(40));
            kills += usize::from(self.live(second, async {}).1);
        }
        world.calm().await;
        self.ends_well(order).await;
        self.kills += kills;
        passed
    }

    /// Cash beside a purchase, by somebody who may give it alone.
    async fn give(&self, purchase: Uuid) -> Uuid {
        let lines = vec![line(purchase, "0", 1, "service")];
        let asked = at_counter("compensation", lines);
        let asked = RequestServiceOrderRequest { compensation: gift("cash", AMOUNT), ..asked };
        let asked = self.world.ask("staff:complaint-manager-bo", asked).await.unwrap();
        assert_eq!(asked.status, "in_progress");
        asked.id.parse().unwrap()
    }

    /// A faulty article that need not come back, paid by card and by points.
    async fn take_back(&self) -> Uuid {
        let tenders = [(TenderKind::Card, AMOUNT - 200, 0), (TenderKind::Points, 200, 2_000)];
        let purchase = self.world.sold_by(Some(1), &[(1, AMOUNT)], &tenders).await;
        self.world.ask_back("refund_only", line(purchase, "0", 1, "quality.defect")).await.parse().unwrap()
    }

    /// Another process takes up what was left. On a machine with much else to do even a provider that answers at once is
    /// often asked in vain.
    async fn ends_well(&self, order: Uuid) {
        for _ in 0..100 {
            self.world.seconds(120).await;
            if matches!(self.stands(order).await.0.as_str(), "completed" | "failed") {
                break;
            }
        }
        let (status, refunds) = self.stands(order).await;
        let mut words = vec![];
        for refund_id in &refunds {
            words.push(self.world.word_on(refund_id).await.unwrap_or_default());
        }
        assert_eq!(words.len(), if self.work == Work::Split { 2 } else { 1 });
        match status.as_str() {
            "completed" => assert!(words.iter().all(|word| word == "succeeded"), "{words:?}"),
            "failed" => {
                let clear = words.iter().all(|word| word == "failed" || word == "succeeded");
                let refused = clear && words.iter().any(|word| word == "failed");
                assert!(refused && self.mood == Mode::Refuse, "{words:?}");
            }
            other => panic!("an order is stuck: {other}, {:?}", self.mood),
        }
    }

    /// How far it is, and its refunds; of cash or a claim that the provider refused the order goes on.
    async fn stands(&self, order: Uuid) -> (String, Vec<String>) {
        let order = self.world.order(order).await;
        let Some(request) = order.request else { return (order.status, vec![order.refund_id]) };
        if let Some(given) = request.compensation {
            let status = if given.status == "failed" { given.status } else { order.status };
            return (status, vec![given.refund_id]);
        }
        let portions: Vec<_> = request.payouts.into_iter().flat_map(|payout| payout.portions).collect();
        let over = !portions.is_empty() && portions.iter().all(|portion| portion.status != "due");
        let failed = over && portions.iter().any(|portion| portion.status == "failed");
        let status = if failed { "failed".to_owned() } else { order.status };
        (status, portions.into_iter().map(|portion| portion.refund_id).collect())
    }

    /// These runs: killed at every point in turn, every other time again while the rest is taken up.
    async fn prove(mut self, runs: Range<i64>) {
        let whole = self.run(i64::MAX / 2, None).await;
        // A step that has nothing in common with the number of points meets all of them, and the early runs far apart.
        let step = (whole * 5 / 8..).find(|step| coprime(*step, whole)).unwrap_or(1);
        for run in runs.clone() {
            let second = (run % 2 == 1).then_some(run * 7 % whole);
            self.run(run * step % whole, second).await;
        }
        let rows: (i64, i64) = sqlx::query_as(
            "select count(*) filter (where status not in ('succeeded', 'failed')),
               coalesce(sum(minor) filter (where status = 'succeeded'), 0)::bigint from refund",
        )
        .fetch_one(&self.world.stack.pool("fulfilment"))
        .await
        .unwrap();
        let provider = self.world.ledger().await.totals.get("CNY").copied().unwrap_or_default();
        assert_eq!(rows, (0, provider), "refunds without an end; and our sum beside the provider's");
        assert_eq!(self.world.stack.parked("fulfilment").await, 0);
        let told = self.world.told().await;
        let counted: u64 = self.world.overview().await.refused_callbacks.iter().map(|one| one.count).sum();
        assert_eq!(counted, told.refused.values().sum::<u64>(), "every callback that was refused: {told:?}");
        assert!(self.kills >= runs.clone().count(), "{} kills in runs {runs:?}", self.kills);
        println!("{:?}: runs {runs:?} over {whole} points, {} kills, each paid once or refused", self.mood, self.kills);
    }
}

async fn until_rest(node: &Node) {
    let mut idle = 0;
    while idle < IDLE {
        match node.step().await {
            Ok(0) => idle += 1,
            Ok(_) => idle = 0,
            // The wire is cut; so is this life, at once.
            Err(_) => std::future::pending().await,
        }
    }
}

fn coprime(a: i64, b: i64) -> bool {
    if b == 0 { a == 1 } else { coprime(b, a % b) }
}

/// At least so many runs, all moods side by side, for most of the time is waiting.
fn prove(runs: i64, work: Work) {
    let moods = MOODS.len() as i64;
    let each = (runs + moods - 1) / moods;
    thread::scope(|scope| {
        for mood in MOODS {
            scope.spawn(move || {
                let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
                for from in (0..each).step_by(PORTION) {
                    let runs = from..each.min(from + PORTION as i64);
                    runtime.block_on(async { Proof::begin(mood, work).await.prove(runs).await });
                }
            });
        }
    });
}

#[test]
fn r_ful_05_killed_wherever_it_waits_a_refund_is_paid_once() {
    prove(60, Work::Agreed);
}

#[test]
fn r_ful_15_killed_wherever_it_waits_compensation_in_cash_is_paid_once() {
    prove(18, Work::Cash);
}

#[test]
fn r_ful_05_killed_wherever_it_waits_a_return_is_paid_once_by_each_of_its_means() {
    prove(12, Work::Split);
}

#[test]
#[ignore = "minutes; `make faults` asks for 500 runs, `make kills` for 10,000"]
fn killed_so_often_a_refund_is_paid_once() {
    let runs = std::env::var("RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(500);
    [(Work::Agreed, 1), (Work::Cash, 5), (Work::Split, 5)]
        .into_iter()
        .for_each(|(work, part)| prove(runs / part, work));
}
