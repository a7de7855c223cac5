//! `[service.compensation]`: who may give what alone, who approves what is above that, and the budgets of a month.
use std::collections::BTreeMap;

use anyhow::Context as _;
use backbone::Document;
use jiff::tz::TimeZone;
use kernel::approval::{Delegation, Limits, Matrix, Member, Powers, Reach, Rule, Step};
use serde::Deserialize;
use serde_json::Value;

use crate::domain::giving::{Alone, Budgets, CLASS, Rules, What};

/// The section as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compensation {
    version: u32,
    #[serde(default)]
    alone: Vec<Alone>,
    rules: Vec<Rule>,
    further: Step,
    members: Vec<Member>,
    #[serde(default)]
    delegations: Vec<Delegation>,
    budgets: Section,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    zone: String,
    each_role: Limits,
    each_store: Limits,
    #[serde(default)]
    role: BTreeMap<String, Limits>,
    #[serde(default)]
    store: BTreeMap<String, Limits>,
}

/// What is of one version: everything but who the people are.
const VERSIONED: [&str; 5] = ["version", "alone", "rules", "further", "budgets"];

impl Compensation {
    /// Checks it. Errors name the place.
    pub fn rules(&self) -> anyhow::Result<Rules> {
        let place = || "configuration, section [service.compensation]";
        let Self { version, alone, rules, further, members, delegations, budgets } = self.clone();
        let mut roles: Vec<String> = Vec::new();
        for member in &members {
            if !roles.contains(&member.role) {
                roles.push(member.role.clone());
            }
        }
        let Section { zone, each_role, each_store, role, store } = budgets;
        let stranger = alone.iter().flat_map(|one| &one.roles).find(|role| !roles.contains(role));
        anyhow::ensure!(stranger.is_none(), "{}: alone names the role {stranger:?}, which nobody holds", place());
        let limits = [&each_role, &each_store].into_iter().chain(role.values()).chain(store.values());
        let all = limits.chain(alone.iter().map(|one| &one.up_to)).flat_map(|limits| limits.values());
        anyhow::ensure!(all.into_iter().all(|most| *most >= 0), "{}: a limit must be 0 or more", place());
        let zone = TimeZone::get(&zone).with_context(|| format!("{}, budgets.zone", place()))?;
        let powers = Powers::new(members, delegations).with_context(place)?;
        let reach = Reach { kinds: &What::WORDS, classes: &[CLASS] };
        let matrix = Matrix::new(version, rules, further, reach, &powers).with_context(place)?;
        let budgets = Budgets { zone, each_role, each_store, roles: role, stores: store };
        Ok(Rules { alone, matrix, powers, roles, budgets })
    }

    /// The rules as they stand in their version; `section` is as it was written.
    pub fn document(section: &Value) -> Document {
        let content: Vec<Value> = VERSIONED.iter().map(|key| section[key].clone()).collect();
        let version = section["version"].as_u64().unwrap_or(1);
        let from = "section [service.compensation]";
        Document::new("rules of compensation", "fulfilment", version, &content.into(), from)
    }
}

#[cfg(test)]
#[path = "compensation_tests.rs"]
mod tests;
