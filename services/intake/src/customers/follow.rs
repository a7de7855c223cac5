//! What follows when something is told of a customer that was not known: whoever was told with the same phone or e-mail
//! address may be the same person, and purchases that lacked a name or a contact may lack none. Nothing of it is done
//! at the door, so a contact and a sale cost one narrow row more.
use std::{collections::BTreeSet, sync::Arc};

use backbone::{Actor, Change, Fault, Unit};
use futures::future::try_join_all;
use sqlx::query;
use uuid::Uuid;

use super::links_changed;
use crate::{
    app::App,
    domain::{
        base_data::Known,
        customer_link::{Command, CustomerLink, Evidence, Facts, Pair},
        purchase::{self, Purchase},
    },
    store::customer::{self as store, Waiting},
};

/// How many customers at once.
const PORTION: i64 = 500;
/// How many changes are on the road at once.
const ABREAST: usize = 256;

/// Follows what is told of customers.
pub struct Follower {
    app: Arc<App>,
}

impl Follower {
    /// One that begins where the last one ended.
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }

    /// Follows the next portion; says how many. It is taken off the list when all is done, so whatever breaks on the
    /// way is done again, and what another replica did meanwhile is found to be done.
    pub async fn follow_once(&self) -> Result<usize, Fault> {
        let waiting = store::waiting(&self.app.pool, PORTION).await?;
        if waiting.is_empty() {
            return Ok(0);
        }
        let these = |which: fn(&Waiting) -> bool| -> Vec<Uuid> {
            let chosen = waiting.iter().filter(|one| which(one)).map(|one| one.customer_id);
            chosen.collect::<BTreeSet<_>>().into_iter().collect()
        };
        let all = these(|_| true);
        let noticed = store::alike(&self.app.pool, &all).await?;
        for part in noticed.chunks(ABREAST) {
            try_join_all(part.iter().map(|(pair, evidence)| self.notice(*pair, *evidence))).await?;
        }
        self.judge(&all, false).await?;
        self.judge(&these(|one| one.links), true).await?;
        let done: Vec<i64> = waiting.iter().map(|one| one.seq).collect();
        query("-- customer_told.done\ndelete from customer_told where seq = any($1)")
            .bind(&done)
            .execute(&self.app.pool)
            .await?;
        Ok(waiting.len())
    }

    async fn notice(&self, pair: Pair, evidence: Evidence) -> Result<(), Fault> {
        let sure = self.app.link_by.contains(&evidence);
        let members = if sure { store::members(&self.app.pool, pair).await? } else { 0 };
        let actor = Actor::service("intake");
        let (facts, by) = (Facts { pair, evidence }, actor.as_str().to_owned());
        let notice = Change::to::<CustomerLink>(pair.link_id(), Command::Notice { facts, by, sure, members });
        let unit = Unit::of(notice).actor(actor);
        let unit = if sure { links_changed(pair).into_iter().fold(unit, Unit::row) } else { unit };
        self.app.road.submit_patiently(unit).await.map(drop)
    }

    /// Has the purchases of these customers judged again: those that are flagged, or all.
    async fn judge(&self, customers: &[Uuid], all: bool) -> Result<(), Fault> {
        let purchases = store::to_judge(&self.app.pool, customers, all).await?;
        let of: Vec<Uuid> = purchases.iter().map(|one| one.customer_id).collect();
        let base_data = store::base_data(&self.app.pool, &of).await?;
        for part in purchases.chunks(ABREAST) {
            try_join_all(part.iter().map(|one| {
                let (name, contact) = base_data.get(&one.customer_id).copied().unwrap_or_default();
                let known = Known { name, contact, products: Arc::clone(&self.app.products) };
                let judge = Change::to::<Purchase>(one.id, purchase::Command::Judge { known });
                self.app.road.submit_patiently(Unit::of(judge).actor(Actor::service("intake")))
            }))
            .await?;
        }
        Ok(())
    }
}
