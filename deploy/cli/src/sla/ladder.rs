//! To whom what is broken or warned of goes first: the escalation ladder of complaint's settings.
use std::{collections::HashMap, fs, path::Path};

use anyhow::Context as _;
use kernel::{
    promise::Counts,
    sla::{Kind, Warning},
};
use serde::{Deserialize, Serialize};

/// The ladder that is shipped.
const SHIPPED: &str = include_str!("../../../../services/complaint/default.toml");

/// Of all settings of complaint the ladder alone is read.
#[derive(Deserialize)]
struct Settings {
    service: Service,
}

#[derive(Deserialize)]
struct Service {
    escalation: Ladder,
}

/// Where what goes up begins.
#[derive(Debug, Deserialize)]
pub struct Ladder {
    first_level: HashMap<String, Level>,
    warn_department_at_percent: u8,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    TeamLead,
    ComplaintManager,
    DepartmentHead,
    /// What is not named begins here.
    #[default]
    Management,
}

/// How many escalations begin at each level. Those nobody acknowledges go on to the next one, which nobody can foresee.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Raised {
    pub team_lead: u64,
    pub complaint_manager: u64,
    pub department_head: u64,
    pub management: u64,
}

impl Ladder {
    /// Of a file with complaint's settings; the shipped one when none is told. Errors: it cannot be read, or names no ladder.
    pub fn read(file: Option<&Path>) -> anyhow::Result<Self> {
        let (text, name) = match file {
            None => (SHIPPED.to_owned(), "the shipped ladder".to_owned()),
            Some(file) => {
                let name = file.display().to_string();
                (fs::read_to_string(file).with_context(|| format!("cannot read {name}"))?, name)
            }
        };
        Ok(toml::from_str::<Settings>(&text).context(name)?.service.escalation)
    }

    /// The warning a department gets where the policy names none.
    pub fn default_warnings(&self, kind: Kind) -> Vec<Warning> {
        let percent = Some(self.warn_department_at_percent).filter(|percent| *percent > 0);
        percent.filter(|_| kind == Kind::DepartmentAnswer).map(Warning::Percent).into_iter().collect()
    }

    /// What promises of a kind that stood so and were warned of so often raised: each warning is raised for itself.
    pub fn raised(&self, kind: Kind, counts: Counts, warnings: u64) -> Raised {
        let broken = counts.breached + counts.met_late + counts.cancelled_after_breach;
        // No journal tells when a first answer was to be warned of, so neither side counts those warnings; of urgent
        // feedback nobody is told ahead, and of a further answer that is missed nothing goes up.
        let (late, warning, warnings) = match kind {
            Kind::NextResponse => return Raised::default(),
            Kind::FirstResponse | Kind::UrgentFeedback => ("first_response_late", "", 0),
            Kind::ProgressSilence => ("silence", "promise_warning", warnings),
            Kind::FirstInvestigation => ("investigation_late", "promise_warning", warnings),
            Kind::DepartmentAnswer => ("department_late", "department_warning", warnings),
            _ => ("promise_late", "promise_warning", warnings),
        };
        let mut raised = Raised::default();
        raised.add(self.level(late), broken);
        raised.add(self.level(warning), warnings);
        raised
    }

    fn level(&self, trigger: &str) -> Level {
        self.first_level.get(trigger).copied().unwrap_or_default()
    }
}

impl Raised {
    fn add(&mut self, level: Level, count: u64) {
        *match level {
            Level::TeamLead => &mut self.team_lead,
            Level::ComplaintManager => &mut self.complaint_manager,
            Level::DepartmentHead => &mut self.department_head,
            Level::Management => &mut self.management,
        } += count;
    }

    /// From the lowest level up.
    pub fn counts(self) -> [u64; 4] {
        [self.team_lead, self.complaint_manager, self.department_head, self.management]
    }
}
