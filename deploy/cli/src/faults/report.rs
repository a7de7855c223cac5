//! What came of it, for people and for programs: how long each fault was felt, and what was found when everything was
//! counted. Invariant: a run holds only when every fault was over in time and every line agrees.
use std::time::Duration;

use serde::Serialize;

use super::{customers::Load, harm::Harm};
use crate::output::{Report, table};

/// One fault, and how it went.
#[derive(Clone, Debug)]
pub struct Struck {
    pub harm: Harm,
    /// From the fault to the first accepted request that was sent after the last that failed. `None`: none was in time.
    pub accepted: Option<Duration>,
    /// From the fault to when everything written down by then had reached everybody. `None`: not in time.
    pub rest: Option<Duration>,
    /// Other parts that did not survive it.
    pub fell: Vec<&'static str>,
    /// Events that stood in the streams before an earlier one of their aggregate, when they were still those the services
    /// had filled (looked at before the streams are wiped).
    pub turned: u64,
}

impl Struck {
    /// For people who watch.
    pub fn line(&self) -> String {
        let [what, accepted, rest] = self.row();
        let fell = if self.fell.is_empty() { String::new() } else { format!("; ALSO DEAD: {}", self.fell.join(", ")) };
        format!("{what}: accepted again after {accepted} s, at rest after {rest} s{fell}")
    }

    fn row(&self) -> [String; 3] {
        let seconds =
            |after: Option<Duration>| after.map_or("NOT".to_owned(), |after| format!("{:.1}", after.as_secs_f64()));
        [self.harm.name(), seconds(self.accepted), seconds(self.rest)]
    }
}

/// One thing that must hold.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    what: String,
    expected: String,
    found: String,
    holds: bool,
}

/// All that must hold, as far as it was looked at.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Checks(Vec<Check>);

impl Checks {
    /// Holds when the two are the same.
    pub fn same(&mut self, what: impl Into<String>, expected: impl ToString, found: impl ToString) {
        let (expected, found) = (expected.to_string(), found.to_string());
        self.0.push(Check { what: what.into(), holds: expected == found, expected, found });
    }

    /// Holds when nothing was found; else says how many, and the first.
    pub fn none<T: ToString>(&mut self, what: impl Into<String>, found: impl IntoIterator<Item = T>) {
        let mut found = found.into_iter();
        let first = found.next().map(|first| first.to_string());
        let more = found.count();
        let found = first.map_or("0".to_owned(), |first| format!("{}, such as {first}", more + 1));
        self.same(what, "0", found);
    }

    fn hold(&self) -> bool {
        self.0.iter().all(|check| check.holds)
    }
}

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    pub faults: Vec<Struck>,
    pub checks: Checks,
    pub load: Load,
    /// From when the last customer left to when nothing moved any more.
    pub rest: Duration,
    pub seconds: f64,
}

impl Outcome {
    /// Whether everything held.
    pub fn holds(&self) -> bool {
        self.checks.hold()
    }
}

#[derive(Serialize)]
struct OutcomeJson<'a> {
    holds: bool,
    faults: Vec<FaultJson>,
    checks: &'a Checks,
    load: &'a Load,
    rest_s: f64,
    seconds: f64,
}

#[derive(Serialize)]
struct FaultJson {
    what: String,
    accepted_again_s: Option<f64>,
    at_rest_s: Option<f64>,
    also_died: Vec<&'static str>,
}

impl Serialize for Outcome {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let seconds = |after: Option<Duration>| after.map(|after| after.as_secs_f64());
        let fault = |struck: &Struck| FaultJson {
            what: struck.harm.name(),
            accepted_again_s: seconds(struck.accepted),
            at_rest_s: seconds(struck.rest),
            also_died: struck.fell.clone(),
        };
        let json = OutcomeJson {
            holds: self.holds(),
            faults: self.faults.iter().map(fault).collect(),
            checks: &self.checks,
            load: &self.load,
            rest_s: self.rest.as_secs_f64(),
            seconds: self.seconds,
        };
        json.serialize(serializer)
    }
}

impl Report for Outcome {
    fn text(&self) -> String {
        let faults =
            table(&["fault", "accepted again after s", "at rest after s"], self.faults.iter().map(|f| f.row().into()));
        let rows = self.checks.0.iter().map(|check| {
            let verdict = if check.holds { "holds" } else { "DIFFERS" };
            vec![check.what.clone(), check.expected.clone(), check.found.clone(), verdict.to_owned()]
        });
        let checks = table(&["", "expected", "found", ""], rows);
        let Load { sales, contacts, answers, said_again_for_want_of_an_answer: again, said_twice: twice } = &self.load;
        let verdict = if self.holds() { "everything holds" } else { "IT DOES NOT HOLD" };
        format!(
            "{faults}\n\n{checks}\n\n{sales} sales, {contacts} contacts and {answers} answers were accepted while it happened; \
             {again} requests were made again for want of an answer, {twice} although they had one.\n\
             At rest {:.0} s after the last customer; {:.0} s in all. {verdict}.",
            self.rest.as_secs_f64(),
            self.seconds,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_difference_is_enough() {
        let mut checks = Checks::default();
        checks.same("cases", 3, 3_u64);
        checks.none("lost", Vec::<String>::new());
        assert!(checks.hold());
        checks.none("doubled", ["a", "b"]);
        assert!(!checks.hold());
        assert_eq!(checks.0.last().map(|check| check.found.as_str()), Some("2, such as a"));
    }
}
