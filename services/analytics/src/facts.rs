//! The one table everything is worked out from, and the watermarks beside it. A fact is added once however often its
//! event comes; the same statement moves the watermark, so the two can never disagree.
use backbone::{Fault, Row};
use sqlx::{PgConnection, PgPool};

use crate::domain::fact::Fact;

/// The promises a fact tells of, from the row named.
macro_rules! promised {
    ($from:literal) => {
        concat!(
            "insert into promised (event_id, aggregate_id, version, promise, started_at, status, due_at)
             select event_id, aggregate_id, version, p.promise, p.started_at, p.status, p.due_at from ",
            $from,
            ", jsonb_to_recordset(promised::jsonb)
               as p(promise text, started_at timestamptz, status text, due_at timestamptz)
             on conflict do nothing"
        )
    };
}

/// What a fact tells of costs, from the row named.
macro_rules! costs {
    ($from:literal) => {
        concat!(
            "insert into cost (event_id, place, account, minor, currency, cause, department, supplier, batch)
             select event_id, c.place, c.account, c.minor, c.currency, c.cause, c.department, c.supplier, c.batch from ",
            $from,
            ", jsonb_to_recordset(costs::jsonb)
               as c(place bigint, account text, minor bigint, currency text, cause text, department text,
                    supplier text, batch text)
             on conflict do nothing"
        )
    };
}

macro_rules! columns {
    () => {
        "event_id, type, service, stream, aggregate_id, version, customer_id, occurred_at, recorded_at, due_at, \
         started_at, delivered_at, score, minor, currency, code, class, product_id, batch, department, store, about, \
         number, base, to_acknowledge_s, to_answer_s, outcome, channel, exceeded, policy"
    };
}

/// Facts as [`row`] gives them.
macro_rules! given {
    () => {
        "unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::bigint[], $7::uuid[], \
         $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], \
         $13::bigint[], $14::bigint[], $15::text[], $16::text[], $17::text[], $18::text[], $19::text[], $20::text[], \
         $21::text[], $22::uuid[], $23::bigint[], $24::bigint[], $25::bigint[], $26::bigint[], $27::bigint[], \
         $28::bigint[], $29::text[], $30::text[], $31::text[], $32::bigint[], $33::text[], $34::text[]) as given(event_id, type, service, stream, aggregate_id, \
         version, customer_id, occurred_at, recorded_at, due_at, started_at, delivered_at, score, minor, currency, \
         code, class, product_id, batch, department, store, about, number, base, to_acknowledge_s, to_answer_s, stream_seq, journal_seq, \
         outcome, channel, promised, exceeded, policy, costs)"
    };
}

/// Adds facts that are new and counts them in. Locks are taken in one order: facts by id, then watermarks by stream.
const ADD: &str = concat!(
    "-- fact.add
     fact_given as materialized (select * from ",
    given!(),
    "), fact_added as (insert into fact (",
    columns!(),
    ") select ",
    columns!(),
    " from fact_given on conflict (event_id) do nothing returning event_id, stream), fact_promised as (",
    promised!("fact_added join fact_given using (event_id)"),
    "), fact_costs as (",
    costs!("fact_added join fact_given using (event_id)"),
    "), fact_counted as (
     insert into watermark as w (stream, service, events, last_occurred_at, stream_seq)
     select g.stream, min(g.service), (select count(*) from fact_added a where a.stream = g.stream),
            max(g.occurred_at), max(g.stream_seq)
     from fact_given g group by g.stream order by g.stream
     on conflict (stream) do update
     set events = w.events + excluded.events,
         last_occurred_at = greatest(w.last_occurred_at, excluded.last_occurred_at),
         stream_seq = greatest(w.stream_seq, excluded.stream_seq))"
);

const COLLECT: &str = concat!(
    "-- rebuild.collect\nfact_collected as (insert into found (",
    columns!(),
    ", journal_seq, promised, costs) select ",
    columns!(),
    ", journal_seq, promised, costs from ",
    given!(),
    ")"
);

const FILL: &str = concat!(
    "-- rebuild.fill\ninsert into fact (",
    columns!(),
    ") select ",
    columns!(),
    " from found on conflict (event_id) do nothing"
);

const FILL_COSTS: &str = concat!("-- rebuild.costs\n", costs!("found"));

const FILL_PROMISED: &str = concat!("-- rebuild.promised\n", promised!("found"));

/// The row that adds a fact.
pub fn add(fact: Fact) -> Row {
    row(ADD, fact)
}

/// A fact's values, in the order of `given!`.
fn row(statement: &'static str, fact: Fact) -> Row {
    let number = |value: Option<u64>| value.map(u64::cast_signed);
    let Fact { event_id, r#type, service, stream, aggregate_id, version, recorded_at, .. } = fact;
    let m = fact.measures;
    let costs = (!m.costs.is_empty()).then(|| serde_json::json!(m.costs).to_string());
    let promised = (!m.promised.is_empty()).then(|| serde_json::json!(m.promised).to_string());
    Row::new(statement, event_id)
        .with(r#type)
        .with(service)
        .with(stream)
        .with(aggregate_id)
        .with(version.cast_signed())
        .with(m.customer_id)
        .with(m.occurred_at)
        .with(recorded_at)
        .with(m.due_at)
        .with(m.started_at)
        .with(m.delivered_at)
        .with(m.score.map(i64::from))
        .with(m.amount.map(|money| money.minor))
        .with(m.amount.map(|money| money.currency.to_string()))
        .with(m.code)
        .with(m.class)
        .with(m.product_id)
        .with(m.batch)
        .with(m.department)
        .with(m.store)
        .with(m.about)
        .with(number(m.number))
        .with(number(m.base))
        .with(number(m.to_acknowledge_s))
        .with(number(m.to_answer_s))
        .with(number(fact.stream_seq))
        .with(number(fact.journal_seq))
        .with(m.outcome)
        .with(m.channel)
        .with(promised)
        .with(m.exceeded.map(i64::from))
        .with(m.policy)
        .with(costs)
}

/// Facts read from the journals, to take the place of those that are there. Nothing changes until [`replace`], and
/// all of it happens in the caller's transaction.
pub struct Rebuild {
    /// The last fact that was there before any journal was read.
    before: i64,
}

impl Rebuild {
    /// Begins one in the transaction, unless another is running.
    pub async fn begin(pool: &PgPool, tx: &mut PgConnection) -> Result<Self, Fault> {
        let alone: bool = sqlx::query_scalar(
            "-- rebuild.begin\nselect pg_try_advisory_xact_lock(hashtextextended(current_schema() || '.rebuild', 0))",
        )
        .fetch_one(&mut *tx)
        .await?;
        if !alone {
            return Err(Fault::rejected("rebuild.running", "the facts are being rebuilt already"));
        }
        sqlx::query(
            "-- rebuild.patience
             select set_config('statement_timeout', '0', true), set_config('lock_timeout', '30s', true)",
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "-- rebuild.table
             create temporary table found on commit drop as 
             select *, null::bigint as journal_seq, null::text as promised, null::text as costs from fact with no data",
        )
        .execute(tx)
        .await?;
        Ok(Self { before: last_settled(pool).await? })
    }

    /// Takes in what was read; says how many facts that were.
    pub async fn collect(&self, tx: &mut PgConnection, facts: impl Iterator<Item = Fact>) -> Result<u64, Fault> {
        let rows: Vec<Row> = facts.map(|fact| row(COLLECT, fact)).collect();
        backbone::row::write(tx, &rows).await?;
        Ok(rows.len() as u64)
    }

    /// Puts what was collected in the place of all facts that were there at the beginning. Facts that came in by the
    /// streams meanwhile stay: their events may have been committed after their journal was read. How far a stream was
    /// read stays known too.
    pub async fn replace(self, tx: &mut PgConnection) -> Result<(), Fault> {
        sqlx::query("-- rebuild.lock\nlock table fact in share row exclusive mode").execute(&mut *tx).await?;
        sqlx::query("-- rebuild.drop\ndelete from fact where position <= $1")
            .bind(self.before)
            .execute(&mut *tx)
            .await?;
        sqlx::query(FILL).execute(&mut *tx).await?;
        sqlx::query(FILL_PROMISED).execute(&mut *tx).await?;
        sqlx::query(FILL_COSTS).execute(&mut *tx).await?;
        sqlx::query("-- rebuild.forget\ndelete from watermark where stream not in (select stream from fact)")
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "-- rebuild.watermarks
             insert into watermark (stream, service, events, last_occurred_at, journal_seq)
             select stream, min(service), count(*), max(occurred_at),
                    (select max(journal_seq) from found where found.stream = fact.stream)
             from fact group by stream
             on conflict (stream) do update
             set service = excluded.service, events = excluded.events, last_occurred_at = excluded.last_occurred_at,
                 journal_seq = excluded.journal_seq",
        )
        .execute(tx)
        .await?;
        Ok(())
    }
}

/// The position of the last fact, once everything that is being added right now is in.
async fn last_settled(pool: &PgPool) -> Result<i64, Fault> {
    let mut tx = pool.begin().await?;
    sqlx::query("-- rebuild.settle\nlock table fact in share row exclusive mode").execute(&mut *tx).await?;
    let last =
        sqlx::query_scalar("-- rebuild.last\nselect coalesce(max(position), 0) from fact").fetch_one(&mut *tx).await?;
    tx.commit().await?;
    Ok(last)
}
