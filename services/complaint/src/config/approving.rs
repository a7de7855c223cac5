//! `[service.approval]`: who approves what, and with the offers and the band, what needs a further approval.
use anyhow::Context as _;
use kernel::approval::{Delegation, Matrix, Member, Powers, Reach, Rule, Step};
use serde::Deserialize;

use crate::domain::{
    fairness::Band,
    rulebook::{Offer, Offers, RETARGET, Rulebook},
    solution::RemedyKind,
    values::Class,
};

/// The section as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    version: u32,
    rules: Vec<Rule>,
    further: Step,
    members: Vec<Member>,
    #[serde(default)]
    delegations: Vec<Delegation>,
}

impl Section {
    /// Checks it. Errors name the place.
    pub fn rulebook(self, offers: Vec<Offer>, band: Band) -> anyhow::Result<Rulebook> {
        let band = band.check().context("configuration, section [service.fairness]")?;
        let offers = Offers::new(offers).context("configuration, section [service.offers]")?;
        let powers =
            Powers::new(self.members, self.delegations).context("configuration, section [service.approval]")?;
        let classes = Class::ALL.map(Class::name);
        let kinds: Vec<_> = RemedyKind::NAMES.into_iter().chain([RETARGET]).collect();
        let reach = Reach { kinds: &kinds, classes: &classes };
        Ok(Rulebook {
            matrix: Matrix::new(self.version, self.rules, self.further, reach, &powers)?,
            powers,
            offers,
            band,
        })
    }
}
