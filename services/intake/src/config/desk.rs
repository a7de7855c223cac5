//! The `[service.desk]` section: terms of the work on cases.
use std::collections::BTreeMap;

use anyhow::{bail, ensure};
use backbone::Actor;
use jiff::SignedDuration;
use serde::Deserialize;

use crate::{
    desk::{A_PERSON, person},
    domain::{
        team::{HEALTH, Member},
        vocabulary::CaseClass,
    },
};

/// The longest any of the terms can be.
const YEAR: SignedDuration = SignedDuration::from_hours(24 * 366);

/// Terms of the work on cases.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// How long after its end a case can go on.
    pub reopen_within: SignedDuration,
    /// Cases of one customer that came in within this time of each other may be the same.
    pub duplicates_within: SignedDuration,
    /// How long after it was merged a case can come back.
    pub unmerge_within: SignedDuration,
    /// Who may merge cases of different customers.
    leads: Vec<String>,
    /// Who takes cases by turns, by the team's name.
    #[serde(default)]
    teams: BTreeMap<String, Vec<Member>>,
}

impl Terms {
    /// The terms. Errors: one is no time, or longer than a year; a lead or somebody of a team is no person, or has no
    /// room, or a skill nobody knows.
    pub fn checked(&self) -> anyhow::Result<Self> {
        let Self { reopen_within, duplicates_within, unmerge_within, leads, teams } = self;
        let terms = [
            ("reopen_within", reopen_within),
            ("duplicates_within", duplicates_within),
            ("unmerge_within", unmerge_within),
        ];
        for (name, term) in terms {
            let sound = *term > SignedDuration::ZERO && *term <= YEAR;
            ensure!(sound, "section [service.desk]: {name} must be above 0 and at most 8784h (a year)");
        }
        if let Some(lead) = leads.iter().find(|lead| person(lead).is_none()) {
            bail!("section [service.desk]: leads: {lead} {A_PERSON}");
        }
        for (name, member) in teams.iter().flat_map(|(name, team)| team.iter().map(move |member| (name, member))) {
            let Member { who, capacity, skills, .. } = member;
            ensure!(person(who).is_some(), "section [service.desk.teams]: {name}: who: {who} {A_PERSON}");
            ensure!(
                *capacity > 0,
                "section [service.desk.teams]: {name}: capacity of {who} must be above 0; or say away"
            );
            let known = |skill: &str| skill == HEALTH || CaseClass::ALL.iter().any(|class| class.word() == skill);
            if let Some(skill) = skills.iter().find(|skill| !known(skill)) {
                bail!(
                    "section [service.desk.teams]: {name}: {who} has the skill {skill}, which is no class and not {HEALTH}"
                );
            }
        }
        Ok(self.clone())
    }

    /// The people of a team; none where there is no such team.
    pub fn team(&self, name: &str) -> Option<&[Member]> {
        self.teams.get(name).map(Vec::as_slice)
    }

    /// Whether somebody may merge cases of different customers.
    pub fn is_lead(&self, actor: &Actor) -> bool {
        self.leads.iter().any(|lead| lead == actor.as_str())
    }
}
