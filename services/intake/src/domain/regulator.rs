//! Whom harm is reported to, and by when, as data: packs of terms (`regulators.toml`), to be confirmed by counsel.
//! Which packs hold is said by the configuration; the rules of a report are in [`super::reporting`].
use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use kernel::{
    calendar::{Calendar, Calendars, Definitions},
    promise::{self, Promise, Terms, Versioned},
    sla::Warning,
};
use serde::Deserialize;

/// The packs as they are written down.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Book {
    pub packs: Vec<Pack>,
    pub calendars: Definitions,
}

/// What one authority wants to hear.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    pub id: String,
    pub version: u32,
    pub authority: String,
    /// Nobody relies on one that is not.
    pub confirmed_by_counsel: bool,
    /// The days that count; all where none is named.
    pub calendar: Option<String>,
    /// Only cases of these stores; all where none is named.
    #[serde(default)]
    pub stores: BTreeSet<String>,
    #[serde(default)]
    pub warnings: Vec<Warning>,
    /// In order, the gravest first: the first that matches holds.
    pub terms: Vec<Term>,
}

/// By when what is reported.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    pub name: String,
    pub within: SignedDuration,
    pub when: When,
}

/// What a term asks of the harm; any of it is enough.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct When {
    pub severity_from: Option<u8>,
    pub hospitalised: bool,
    pub death: bool,
    pub several: bool,
}

/// The harm, as the packs look at it.
#[derive(Clone, Copy, Debug)]
pub struct Harm<'a> {
    pub severity: u8,
    pub hospitalised: bool,
    pub death: bool,
    pub several: bool,
    pub store: Option<&'a str>,
}

/// Why packs cannot be used, one reason a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Unusable(Vec<String>);

/// The packs that hold, with the days they count in.
#[derive(Clone, Debug)]
pub struct Packs {
    packs: Vec<Pack>,
    calendars: Calendars,
}

impl Packs {
    /// Takes those of `apply` out of the book. Errors: everything that is wrong with the book, and what is not in it.
    pub fn prepare(book: Book, apply: &[String]) -> Result<Self, Unusable> {
        let Book { packs, calendars } = book;
        let mut wrong: Vec<_> = calendars.problems().iter().map(ToString::to_string).collect();
        let mut ids = BTreeSet::new();
        for pack in &packs {
            let problems = pack.problems(&calendars).into_iter();
            let twice = (!ids.insert(&pack.id)).then(|| "there are two of this name".to_owned());
            wrong.extend(problems.chain(twice).map(|problem| format!("pack {}: {problem}", pack.id)));
        }
        let unknown = apply.iter().filter(|id| !ids.contains(id));
        wrong.extend(unknown.map(|id| format!("there is no pack called {id}; take it out of regulators.apply")));
        if !wrong.is_empty() {
            return Err(Unusable(wrong));
        }
        let calendars =
            Calendars::prepare(&calendars, 2000..=2060).map_err(|error| Unusable(vec![error.to_string()]))?;
        let packs = packs.into_iter().filter(|pack| apply.contains(&pack.id)).collect();
        Ok(Self { packs, calendars })
    }

    /// Of each pack that concerns the harm: the term that holds.
    pub fn concerned(&self, harm: Harm<'_>) -> impl Iterator<Item = (&Pack, &Term)> {
        self.packs.iter().filter_map(move |pack| Some((pack, pack.term(harm)?)))
    }

    /// The promise to report, from `at` on. Errors: the calendar ends too early.
    pub fn promise(&self, pack: &Pack, term: &Term, at: Timestamp) -> Result<Promise, promise::Rejection> {
        let version = |id: &String| Versioned { id: id.clone(), version: self.calendars.newest(id).unwrap_or(1) };
        let terms = Terms {
            target: term.within,
            calendar: pack.calendar.as_ref().map(version),
            policy: Some(Versioned { id: pack.id.clone(), version: pack.version }),
            warnings: pack.warnings.clone(),
        };
        Promise::start(at, true, terms, None, &|of| self.calendar(of))
    }

    /// The days a promise counts in.
    pub fn calendar(&self, of: &Versioned) -> Option<&Calendar> {
        self.calendars.version(&of.id, of.version)
    }

    /// What must be warned of, loudly: the days of a pack are counted in a year nobody has said the holidays of.
    pub fn warnings(&self, now: Timestamp) -> Vec<String> {
        let counted = |name: &str| self.packs.iter().any(|pack| pack.calendar.as_deref() == Some(name));
        self.calendars.warnings(now, counted)
    }

    /// Those that nobody has confirmed.
    pub fn unconfirmed(&self) -> impl Iterator<Item = &str> {
        self.packs.iter().filter(|pack| !pack.confirmed_by_counsel).map(|pack| pack.id.as_str())
    }
}

impl Pack {
    fn term(&self, harm: Harm<'_>) -> Option<&Term> {
        let here = self.stores.is_empty() || harm.store.is_some_and(|store| self.stores.contains(store));
        let matches = |when: &When| {
            when.severity_from.is_some_and(|from| harm.severity >= from)
                || (when.hospitalised && harm.hospitalised)
                || (when.death && harm.death)
                || (when.several && harm.several)
        };
        self.terms.iter().filter(|_| here && harm.severity > 0).find(|term| matches(&term.when))
    }

    /// Whether a report by the term `known` says what one by `term` would.
    pub fn covers(&self, known: &str, term: &str) -> bool {
        let rank = |name: &str| self.terms.iter().position(|term| term.name == name);
        known == term || rank(known).is_some_and(|known| rank(term).is_some_and(|rank| known <= rank))
    }

    fn problems(&self, calendars: &Definitions) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.id.is_empty() || self.authority.is_empty() || self.terms.is_empty() {
            wrong.push("needs an id, an authority and a term".to_owned());
        }
        if let Some(name) = &self.calendar
            && !calendars.calendars.iter().any(|calendar| calendar.name == *name)
        {
            wrong.push(format!("there is no calendar called {name}"));
        }
        let mut names = BTreeSet::new();
        for term in &self.terms {
            if !names.insert(&term.name) {
                wrong.push(format!("there are two terms called {}", term.name));
            }
            if !term.within.is_positive() {
                wrong.push(format!("term {}: within must be above nothing", term.name));
            }
            let outside = self.warnings.iter().filter(|warning| warning.after(term.within).is_none());
            wrong.extend(outside.map(|warning| format!("term {}: the warning {warning} is outside it", term.name)));
        }
        wrong
    }
}
