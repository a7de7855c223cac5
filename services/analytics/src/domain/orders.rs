//! Figures about service orders: compensation, what was asked of customers, and what it all cost.
use super::{
    figure::{Figure, Share, Unit, figure, proportion},
    metric::Metric,
};

/// Compensations of one sort and one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// coupon, points, cash or service_again.
    pub what: String,
    /// Of its worth, where it has one.
    pub currency: Option<String>,
    pub n: u64,
    /// What they are worth.
    pub minor: i64,
}

/// Which orders are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Of {
    All,
    Kind(String),
    /// Those held against these ceilings, with their version.
    Ceilings(String),
}

/// What was asked of the customers of orders that were finished.
#[derive(Clone, Debug, PartialEq)]
pub struct Effort {
    pub of: Of,
    pub n: u64,
    /// Of interactions and documents together.
    pub mean: Option<f64>,
    /// The median and the ninth decile.
    pub quantiles: [Option<f64>; 2],
    pub interactions: Option<f64>,
    pub documents: Option<f64>,
    /// Those of which more was asked than may be, and those that stayed within.
    pub over: Share,
}

/// By what costs are divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    Account,
    Cause,
    Department,
    Supplier,
    Batch,
}

impl Dimension {
    fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Cause => "cause",
            Self::Department => "department",
            Self::Supplier => "supplier",
            Self::Batch => "batch",
        }
    }
}

/// A sum of costs, less incomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    pub currency: String,
    /// Nothing: all of the currency.
    pub dimension: Option<Dimension>,
    /// Nothing: whom it lies with is not known; `*`: the others together.
    pub word: Option<String>,
    pub minor: i64,
    pub postings: u64,
    /// The orders they are of.
    pub orders: u64,
}

/// M18c: compensations given; and by what was given, and what they are worth, a currency each.
pub fn compensation(given: &[Given]) -> Vec<Figure> {
    let metric = Metric::Compensation;
    let count = |part: String, n: u64| Figure { value: Some(n as f64), ..figure(metric, part, Unit::Count, n) };
    let sum = |of: &dyn Fn(&Given) -> bool| -> u64 { given.iter().filter(|one| of(one)).map(|one| one.n).sum() };
    let sorted = |mut words: Vec<String>| {
        words.sort_unstable();
        words.dedup();
        words
    };
    let sorts = sorted(given.iter().map(|one| one.what.clone()).collect());
    let currencies = sorted(given.iter().filter_map(|one| one.currency.clone()).collect());
    let by_sort = sorts.into_iter().map(|what| count(format!("count.{what}"), sum(&|one| one.what == what)));
    let by_currency = currencies.into_iter().map(|currency| {
        let of = |one: &Given| one.currency.as_deref() == Some(currency.as_str());
        let worth: i64 = given.iter().filter(|one| of(one)).map(|one| one.minor).sum();
        Figure { value: Some(worth as f64), ..figure(metric, currency.as_str(), Unit::MinorUnits, sum(&of)) }
    });
    [count("count".to_owned(), sum(&|_| true))].into_iter().chain(by_sort).chain(by_currency).collect()
}

/// M37: interactions and documents asked of a customer per order, and of how many orders it was more than may be; also by
/// kind of order, and by the ceilings they were held against.
pub fn effort(efforts: &[Effort]) -> Vec<Figure> {
    efforts.iter().flat_map(of_effort).collect()
}

fn of_effort(effort: &Effort) -> Vec<Figure> {
    let times = |part: String, value| Figure { value, ..figure(Metric::Effort, part, Unit::Times, effort.n) };
    let over = |part: String| Figure { part, ..proportion(Metric::Effort, effort.over) };
    let [median, p90] = effort.quantiles;
    match &effort.of {
        Of::All => vec![
            times("mean".into(), effort.mean),
            times("median".into(), median),
            times("p90".into(), p90),
            times("mean.interactions".into(), effort.interactions),
            times("mean.documents".into(), effort.documents),
            over("share.exceeded".into()),
        ],
        Of::Kind(kind) => vec![times(format!("mean.{kind}"), effort.mean), over(format!("share.exceeded.{kind}"))],
        Of::Ceilings(ceilings) => vec![over(format!("share.exceeded.{ceilings}"))],
    }
}

/// M34: what orders cost, less what came back of it; of all, for each order, and by whom it lies with. What is not known is `-`.
pub fn cost_to_serve(costs: &[Cost]) -> Vec<Figure> {
    let money = |part: String, value: f64, n| Figure {
        value: Some(value),
        ..figure(Metric::CostToServe, part, Unit::MinorUnits, n)
    };
    let figures = |cost: &Cost| match cost.dimension {
        None => vec![
            money(cost.currency.clone(), cost.minor as f64, cost.postings),
            money(format!("mean.{}", cost.currency), cost.minor as f64 / cost.orders.max(1) as f64, cost.orders),
        ],
        Some(dimension) => {
            let word = cost.word.as_deref().unwrap_or("-");
            vec![money(format!("{}.{}.{word}", cost.currency, dimension.word()), cost.minor as f64, cost.postings)]
        }
    };
    costs.iter().flat_map(figures).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(figures: Vec<Figure>) -> Vec<(String, Option<f64>, u64)> {
        figures.into_iter().map(|f| (f.part, f.value, f.n)).collect()
    }

    #[test]
    fn compensation_is_counted_by_what_is_given_and_never_added_up_over_currencies() {
        let one = |what: &str, currency: Option<&str>, n, minor| Given {
            what: what.into(),
            currency: currency.map(str::to_owned),
            n,
            minor,
        };
        let given =
            [one("cash", Some("CNY"), 2, 500), one("cash", Some("EUR"), 1, 70), one("service_again", None, 1, 0)];
        let expected = [
            ("count", 4.0, 4),
            ("count.cash", 3.0, 3),
            ("count.service_again", 1.0, 1),
            ("CNY", 500.0, 2),
            ("EUR", 70.0, 1),
        ];
        let expected: Vec<_> = expected.map(|(part, value, n)| (part.to_owned(), Some(value), n)).into();
        assert_eq!(seen(compensation(&given)), expected);
        assert_eq!(seen(compensation(&[])), [("count".to_owned(), Some(0.0), 0)]);
    }

    #[test]
    fn costs_stand_by_whom_they_lie_with_and_what_is_not_known_says_so() {
        let cost = |dimension, word: Option<&str>, minor| Cost {
            currency: "CNY".into(),
            dimension,
            word: word.map(str::to_owned),
            minor,
            postings: 4,
            orders: 2,
        };
        let costs = [
            cost(None, None, 900),
            cost(Some(Dimension::Account), Some("fees"), -100),
            cost(Some(Dimension::Supplier), None, 900),
            cost(Some(Dimension::Batch), Some("*"), 40),
        ];
        let expected = [
            ("CNY", 900.0, 4),
            ("mean.CNY", 450.0, 2),
            ("CNY.account.fees", -100.0, 4),
            ("CNY.supplier.-", 900.0, 4),
            ("CNY.batch.*", 40.0, 4),
        ];
        let expected: Vec<_> = expected.map(|(part, value, n)| (part.to_owned(), Some(value), n)).into();
        assert_eq!(seen(cost_to_serve(&costs)), expected);
    }

    #[test]
    fn r_ful_09_effort_without_orders_has_no_value() {
        let none = Effort {
            of: Of::All,
            n: 0,
            mean: None,
            quantiles: [None, None],
            interactions: None,
            documents: None,
            over: Share::default(),
        };
        assert!(effort(&[none]).iter().all(|f| (f.value, f.n, f.bounds) == (None, 0, None)));
    }
}
