//! Customers' keys: made when a customer is first heard of, fetched for all waiting requests at once.
//!
//! While one round asks the database, new requests wait for the next: under load one statement serves many, and an idle
//! system adds no delay. The round commits without waiting for the disk; what is sealed with a new key commits later,
//! durably, and so after it. If the database fell in between and lost the key, the rows sealed with it are refused
//! (their `key_id` is looked up as they are stored), so nothing can be stored that nobody can read.
use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use backbone::Fault;
use sqlx::PgPool;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::cipher::{CustomerKey, Master};

/// How long an unwrapped key may stay in memory.
const KEPT_FOR: Duration = Duration::from_secs(60);
/// How many may.
const KEPT_MAX: usize = 10_000;
/// The most customers in one round.
const ROUND_MAX: usize = 1_000;

type Waiting = (Uuid, oneshot::Sender<Result<CustomerKey, Fault>>);

/// Customers' keys, by customer.
pub struct Keyring {
    pool: PgPool,
    waiting: Mutex<Vec<Waiting>>,
    /// Held by the request that asks for all.
    round: tokio::sync::Mutex<()>,
    kept: Mutex<HashMap<Uuid, (Instant, CustomerKey)>>,
}

impl Keyring {
    /// Nothing is read before it is needed.
    pub fn new(pool: PgPool) -> Self {
        Self { pool, waiting: Mutex::default(), round: tokio::sync::Mutex::default(), kept: Mutex::default() }
    }

    /// The customer's key; made when there is none yet.
    pub async fn ensure(&self, master: &Master, customer: Uuid) -> Result<CustomerKey, Fault> {
        if let Some(key) = self.kept(customer) {
            return Ok(key);
        }
        loop {
            let (reply, mut answer) = oneshot::channel();
            lock(&self.waiting).push((customer, reply));
            tokio::select! {
                biased;
                answered = &mut answer => if let Ok(key) = answered { return key },
                _turn = self.round.lock() => {
                    self.run_round(master).await;
                    if let Ok(key) = answer.await { return key }
                }
            }
            // The request that asked for us went away before it had the answer: ask again.
        }
    }

    /// Lets go of a key, because what was sealed with it could not be stored.
    pub fn forget(&self, customer: Uuid) {
        lock(&self.kept).remove(&customer);
    }

    fn kept(&self, customer: Uuid) -> Option<CustomerKey> {
        let mut kept = lock(&self.kept);
        match kept.get(&customer) {
            Some((since, key)) if since.elapsed() < KEPT_FOR => Some(key.clone()),
            Some(_) => {
                kept.remove(&customer);
                None
            }
            None => None,
        }
    }

    fn keep(&self, keys: &HashMap<Uuid, CustomerKey>) {
        let now = Instant::now();
        let mut kept = lock(&self.kept);
        if kept.len() + keys.len() > KEPT_MAX {
            kept.clear();
        }
        kept.extend(keys.iter().map(|(customer, key)| (*customer, (now, key.clone()))));
    }

    /// Answers everybody who waits now, [`ROUND_MAX`] at a time.
    async fn run_round(&self, master: &Master) {
        let mut waiting = std::mem::take(&mut *lock(&self.waiting));
        while !waiting.is_empty() {
            let part: Vec<Waiting> = waiting.drain(..waiting.len().min(ROUND_MAX)).collect();
            let customers: HashSet<Uuid> = part.iter().map(|(customer, _)| *customer).collect();
            let keys = self.fetch(master, customers).await;
            if let Ok(keys) = &keys {
                self.keep(keys);
            }
            for (customer, reply) in part {
                let missing = || Fault::broken("a customer's key was neither found nor made");
                let key = keys.as_ref().map_err(Clone::clone);
                let key = key.and_then(|keys| keys.get(&customer).cloned().ok_or_else(missing));
                // A request that has gone away needs no key.
                drop(reply.send(key));
            }
        }
    }

    /// The keys of all of `customers`. Another process may make one at the same moment: then its key is read.
    async fn fetch(&self, master: &Master, customers: HashSet<Uuid>) -> Result<HashMap<Uuid, CustomerKey>, Fault> {
        let mut keys = HashMap::with_capacity(customers.len());
        for _attempt in 0..3 {
            let wanted: Vec<Uuid> = customers.iter().filter(|c| !keys.contains_key(*c)).copied().collect();
            if wanted.is_empty() {
                break;
            }
            let mut drawn = HashMap::with_capacity(wanted.len());
            let mut candidates = Candidates::default();
            for customer in wanted {
                let (key, wrapped) = master.new_key(customer)?;
                candidates.add(customer, key.id, wrapped);
                drawn.insert(key.id, key);
            }
            for (customer, id, wrapped) in self.found_or_made(candidates).await? {
                let own = drawn.remove(&id).map(Ok);
                let key = own.unwrap_or_else(|| master.unwrap_key(customer, id, &wrapped))?;
                keys.insert(customer, key);
            }
        }
        Ok(keys)
    }

    async fn found_or_made(&self, given: Candidates) -> Result<Vec<(Uuid, Uuid, Vec<u8>)>, Fault> {
        let found = sqlx::query_as(
            "-- customer_key.ensure
             with lazily as materialized (select set_config('synchronous_commit', 'off', true)),
             given as materialized (
               select g.customer_id, g.key_id, g.wrapped,
                      (select k from customer_key k where k.customer_id = g.customer_id) as known
               from unnest($1::uuid[], $2::uuid[], $3::bytea[]) as g(customer_id, key_id, wrapped), lazily),
             made as (
               insert into customer_key (customer_id, key_id, wrapped)
               select customer_id, key_id, wrapped from given where (known).key_id is null order by customer_id
               on conflict do nothing
               returning customer_id, key_id, wrapped)
             select customer_id, (known).key_id, (known).wrapped from given where (known).key_id is not null
             union all
             select customer_id, key_id, wrapped from made",
        )
        .bind(given.customers)
        .bind(given.keys)
        .bind(given.wrapped)
        .fetch_all(&self.pool)
        .await?;
        Ok(found)
    }
}

/// Keys offered for customers who have none yet, column by column.
#[derive(Default)]
struct Candidates {
    customers: Vec<Uuid>,
    keys: Vec<Uuid>,
    wrapped: Vec<Vec<u8>>,
}

impl Candidates {
    fn add(&mut self, customer: Uuid, key: Uuid, wrapped: Vec<u8>) {
        self.customers.push(customer);
        self.keys.push(key);
        self.wrapped.push(wrapped);
    }
}

/// What these locks guard is whole after every statement, so a panic elsewhere does not spoil it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
