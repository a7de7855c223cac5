//! Two counts held against each other: did it rise, or was it chance? Counts of complaints are taken as Poisson. Given
//! their sum, the newer of two is binomial with the share of its exposure; test and interval rest on that, exactly
//! (Przyborowski and Wilenski 1940, Clopper and Pearson 1934). No normal approximation: counts are often small.
use serde::{Deserialize, Serialize};

use super::statistics::Bounds;

/// How often something happened, and how often it could have (orders delivered, or days).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// How often.
    pub count: u64,
    /// Of what size the period was; more than 0.
    pub exposure: f64,
}

/// The rate of a period against the rate of the one before.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Absent where nothing was seen before.
    pub ratio: Option<f64>,
    /// The lower bound of the exact 95 % interval of the ratio.
    pub lower: f64,
    /// The upper one; absent where it is boundless.
    pub upper: Option<f64>,
    /// How likely a difference at least as great is by chance, two-sided: twice the smaller tail, at most 1.
    pub p: f64,
}

impl Change {
    /// Of `now` against `before`. Nothing seen in both, or a period of no size, is no change that could be judged.
    pub fn between(now: Seen, before: Seen) -> Option<Self> {
        let (all, sizes) = (now.count + before.count, [now.exposure, before.exposure]);
        if all == 0 || sizes.iter().any(|size| *size <= 0.0) {
            return None;
        }
        let share = now.exposure / (now.exposure + before.exposure);
        let tail = at_least(now.count, all, share).min(at_most(now.count, all, share));
        let odds = |share: f64| share / (1.0 - share) * (before.exposure / now.exposure);
        let (lower, upper) = clopper_pearson(now.count, all);
        let rate = |seen: Seen| seen.count as f64 / seen.exposure;
        Some(Self {
            ratio: (before.count > 0).then(|| rate(now) / rate(before)),
            lower: odds(lower),
            upper: (upper < 1.0).then(|| odds(upper)),
            p: (2.0 * tail).min(1.0),
        })
    }
}

/// Which of several tests hold when at most `rate` of those that hold may be false on average (Benjamini and Hochberg
/// 1995). In the order given.
pub fn discoveries(p: &[f64], rate: f64) -> Vec<bool> {
    let mut sorted = p.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = p.len() as f64;
    let limit = (1..).zip(&sorted).filter(|(rank, p)| **p <= rate * f64::from(*rank) / n).map(|(_, p)| *p).last();
    p.iter().map(|p| limit.is_some_and(|limit| *p <= limit)).collect()
}

/// P(X >= k) of a binomial count.
fn at_least(k: u64, n: u64, share: f64) -> f64 {
    if k == 0 { 1.0 } else { incomplete_beta(k as f64, (n - k) as f64 + 1.0, share) }
}

/// P(X <= k) of a binomial count.
fn at_most(k: u64, n: u64, share: f64) -> f64 {
    if k == n { 1.0 } else { incomplete_beta((n - k) as f64, k as f64 + 1.0, 1.0 - share) }
}

/// The shares at which `k` or more, and `k` or fewer, of `n` have a chance of 2.5 %.
fn clopper_pearson(k: u64, n: u64) -> Bounds {
    let lower = if k == 0 { 0.0 } else { share_where(|share| at_least(k, n, share) < 0.025) };
    let upper = if k == n { 1.0 } else { share_where(|share| at_most(k, n, share) > 0.025) };
    (lower, upper)
}

/// The share up to which it holds, by halving.
fn share_where(holds: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if holds(middle) { low = middle } else { high = middle }
    }
    (low + high) / 2.0
}

/// The regularised incomplete beta function, by its continued fraction (Abramowitz and Stegun 26.5.8).
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return if x <= 0.0 { 0.0 } else { 1.0 };
    }
    let front = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (1.0 - x).ln()).exp();
    // it converges quickly below the mean; above, the other tail is worked out
    if x < (a + 1.0) / (a + b + 2.0) {
        front * fraction(a, b, x) / a
    } else {
        1.0 - front * fraction(b, a, 1.0 - x) / b
    }
}

/// The continued fraction of the incomplete beta function, by Lentz's method.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    let away = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let (mut c, mut d) = (1.0, 1.0 / away(1.0 - (a + b) * x / (a + 1.0)));
    let mut value = d;
    for m in (1..100_000).map(f64::from) {
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut step = 1.0;
        for term in [even, odd] {
            d = 1.0 / away(1.0 + term * d);
            c = away(1.0 + term / c);
            step = c * d;
            value *= step;
        }
        if (step - 1.0).abs() < 1e-15 {
            break;
        }
    }
    value
}

/// The logarithm of the gamma function of a positive number: Stirling's series above 15, carried there by recurrence.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut carried) = (x, 0.0);
    while x < 15.0 {
        carried -= x.ln();
        x += 1.0;
    }
    let (r, r2) = (1.0 / x, 1.0 / (x * x));
    let series = r * (1.0 / 12.0 - r2 * (1.0 / 360.0 - r2 * (1.0 / 1260.0 - r2 * (1.0 / 1680.0 - r2 / 1188.0))));
    carried + (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seen(count: u64, exposure: f64) -> Seen {
        Seen { count, exposure }
    }

    fn close(a: f64, b: f64, by: f64) -> bool {
        (a - b).abs() <= by
    }

    /// P(X >= k), added up term by term in exact steps of the binomial.
    fn sum_at_least(k: u64, n: u64, share: f64) -> f64 {
        let term = |i: u64| {
            let ways: f64 = (1..=i).map(|j| ((n - i + j) as f64 / j as f64).ln()).sum();
            (ways + i as f64 * share.ln() + (n - i) as f64 * (1.0 - share).ln()).exp()
        };
        (k..=n).map(term).sum()
    }

    #[test]
    fn the_gamma_function_agrees_with_factorials_and_the_half() {
        for (x, gamma) in [(1.0, 1.0_f64), (5.0, 24.0), (11.0, 3_628_800.0), (0.5, std::f64::consts::PI.sqrt())] {
            assert!(close(ln_gamma(x), gamma.ln(), 1e-13), "{x}: {}", ln_gamma(x));
        }
    }

    #[test]
    fn r_cmp_16_rates_are_compared_as_published() {
        // R, ?poisson.test: 11 cases in 800 person-years against 21 in 3,011 (E. B. Wilson, health plan data)
        let change = Change::between(seen(11, 800.0), seen(21, 3011.0)).unwrap();
        assert!(close(change.ratio.unwrap(), 1.971_488, 1e-6), "{change:?}");
        assert!(close(change.lower, 0.858_426, 1e-6) && close(change.upper.unwrap(), 4.277_266, 1e-6), "{change:?}");
        assert!(close(change.p, 2.0 * sum_at_least(11, 32, 800.0 / 3811.0), 1e-12), "{change:?}");
        // 15 of 20 heads of a fair coin: 2 · 21,700 / 2^20
        let coin = Change::between(seen(15, 1.0), seen(5, 1.0)).unwrap();
        assert!(close(coin.p, 43_400.0 / 1_048_576.0, 1e-12), "{coin:?}");
    }

    #[test]
    fn what_was_never_seen_before_has_no_ratio_and_what_is_gone_has_a_bound() {
        let new = Change::between(seen(6, 1.0), seen(0, 1.0)).unwrap();
        assert_eq!((new.ratio, new.upper), (None, None));
        assert!(close(new.p, 2.0 / 64.0, 1e-12) && new.lower > 1.0, "{new:?}");
        let gone = Change::between(seen(0, 1.0), seen(6, 1.0)).unwrap();
        assert_eq!((gone.ratio, gone.lower), (Some(0.0), 0.0));
        assert!(close(gone.p, 2.0 / 64.0, 1e-12) && gone.upper.unwrap() < 1.0, "{gone:?}");
        assert_eq!(Change::between(seen(0, 1.0), seen(0, 1.0)), None);
        assert_eq!(Change::between(seen(3, 0.0), seen(1, 1.0)), None);
    }

    #[test]
    fn few_of_many_tests_hold_as_benjamini_and_hochberg_found() {
        // Benjamini and Hochberg (1995), section 3.2: of fifteen tests the first four hold at 5 %
        let p = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
            0.7590, 1.0,
        ];
        let hold = discoveries(&p, 0.05);
        assert_eq!(hold, (0..15).map(|place| place < 4).collect::<Vec<_>>());
        assert_eq!(discoveries(&[], 0.05), Vec::<bool>::new());
        assert_eq!(discoveries(&[0.2, 0.01], 0.05), [false, true], "in the order given");
    }

    proptest! {
        #[test]
        fn tails_agree_with_the_sum_of_their_terms(n in 1..400_u64, part in 0.0..=1.0_f64, share in 0.01..0.99_f64) {
            let k = (part * n as f64) as u64;
            prop_assert!(close(at_least(k, n, share), sum_at_least(k, n, share), 1e-9));
            prop_assert!(close(at_least(k + 1, n + 1, share) + at_most(k, n + 1, share), 1.0, 1e-9));
        }

        #[test]
        fn the_interval_excludes_one_exactly_when_chance_is_unlikely(
            (now, before) in (0..200_u64, 0..200_u64), (e, f) in (1.0..50.0_f64, 1.0..50.0_f64)
        ) {
            prop_assume!(now + before > 0);
            let change = Change::between(seen(now, e), seen(before, f)).unwrap();
            prop_assume!(!close(change.p, 0.05, 1e-6));
            let one_is_out = change.lower > 1.0 || change.upper.is_some_and(|upper| upper < 1.0);
            prop_assert_eq!(change.p < 0.05, one_is_out);
            if let Some(ratio) = change.ratio {
                prop_assert!(change.lower <= ratio && change.upper.is_none_or(|upper| ratio <= upper));
            }
        }
    }
}
