//! Intervals: how far a figure may be off by chance. 95 %, two-sided. Where nothing was observed there is none.

/// The 97.5 % quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// Lower and upper bound.
pub type Bounds = (f64, f64);

/// Wilson's score interval of a proportion: `hits` of `hits + misses`. It lies within [0, 1] and holds the proportion.
pub fn wilson(hits: u64, misses: u64) -> Option<Bounds> {
    let n = hits as f64 + misses as f64;
    if n == 0.0 {
        return None;
    }
    let p = hits as f64 / n;
    let shrink = 1.0 + Z * Z / n;
    let centre = (p + Z * Z / (2.0 * n)) / shrink;
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt() / shrink;
    Some(((centre - half).clamp(0.0, p), (centre + half).clamp(p, 1.0)))
}

/// The t interval of a mean, from the count, the sum and the sum of squares of whole numbers. Absent below two values.
pub fn t_interval(n: u64, sum: i64, squares: i64) -> Option<Bounds> {
    if n < 2 {
        return None;
    }
    let count = i128::from(n);
    // n times the sum of squared deviations, exactly
    let spread = (count * i128::from(squares) - i128::from(sum) * i128::from(sum)).max(0);
    let n = n as f64;
    let variance = spread as f64 / (n * (n - 1.0));
    let mean = sum as f64 / n;
    let half = t_quantile(n - 1.0) * (variance / n).sqrt();
    Some((mean - half, mean + half))
}

/// The 97.5 % quantile of Student's t: from the table up to 10 degrees of freedom, then by the expansion around the
/// normal quantile (Abramowitz and Stegun 26.7.5), which is right to four places there.
fn t_quantile(freedom: f64) -> f64 {
    const TABLE: [f64; 10] = [12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281];
    if let Some(t) = TABLE.get(freedom as usize - 1) {
        return *t;
    }
    let z = |power: i32| Z.powi(power);
    let terms = [
        Z,
        (z(3) + Z) / 4.0,
        (5.0 * z(5) + 16.0 * z(3) + 3.0 * Z) / 96.0,
        (3.0 * z(7) + 19.0 * z(5) + 17.0 * z(3) - 15.0 * Z) / 384.0,
        (79.0 * z(9) + 776.0 * z(7) + 1482.0 * z(5) - 1920.0 * z(3) - 945.0 * Z) / 92_160.0,
    ];
    terms.iter().rev().fold(0.0, |sum, term| sum / freedom + term)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn close(a: f64, b: f64, by: f64) -> bool {
        (a - b).abs() <= by
    }

    #[test]
    fn wilson_agrees_with_published_values() {
        // Newcombe (1998), table I, method 3: score interval without continuity correction
        for (hits, n, lower, upper) in
            [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
        {
            let (a, b) = wilson(hits, n - hits).unwrap();
            assert!(close(a, lower, 5e-5) && close(b, upper, 5e-5), "{hits}/{n}: {a} {b}");
        }
    }

    #[test]
    fn nothing_observed_has_no_interval() {
        assert_eq!(wilson(0, 0), None);
        assert_eq!(t_interval(0, 0, 0), None);
        assert_eq!(t_interval(1, 5, 25), None);
    }

    #[test]
    fn t_quantiles_agree_with_the_table() {
        for (freedom, t) in
            [(1.0, 12.7062), (5.0, 2.5706), (11.0, 2.2010), (20.0, 2.0860), (30.0, 2.0423), (1e9, 1.95996)]
        {
            assert!(close(t_quantile(freedom), t, 1e-4), "{freedom}: {}", t_quantile(freedom));
        }
    }

    #[test]
    fn t_interval_of_a_small_sample() {
        // 4, 5, 3, 5, 4: mean 4.2, standard deviation 0.83666, t(4) = 2.7764
        let (lower, upper) = t_interval(5, 21, 91).unwrap();
        assert!(close(lower, 3.1611, 1e-3) && close(upper, 5.2389, 1e-3), "{lower} {upper}");
    }

    proptest! {
        #[test]
        fn wilson_lies_within_zero_and_one_and_holds_the_proportion(hits in 0..u64::MAX / 2, misses in 0..u64::MAX / 2) {
            let bounds = wilson(hits, misses);
            prop_assert_eq!(bounds.is_some(), hits + misses > 0);
            if let Some((lower, upper)) = bounds {
                let p = hits as f64 / (hits as f64 + misses as f64);
                prop_assert!(0.0 <= lower && lower <= p && p <= upper && upper <= 1.0);
            }
        }

        #[test]
        fn wilson_narrows_as_the_same_share_is_seen_more_often(hits in 0..1000_u64, misses in 0..1000_u64) {
            prop_assume!(hits + misses > 0);
            let (a, b) = wilson(hits, misses).unwrap();
            let (c, d) = wilson(hits * 10, misses * 10).unwrap();
            prop_assert!(d - c < b - a);
        }

        #[test]
        fn t_interval_holds_the_mean(scores in prop::collection::vec(1..=5_i64, 2..200)) {
            let (sum, squares) = (scores.iter().sum::<i64>(), scores.iter().map(|s| s * s).sum());
            let (lower, upper) = t_interval(scores.len() as u64, sum, squares).unwrap();
            let mean = sum as f64 / scores.len() as f64;
            prop_assert!(lower <= mean && mean <= upper);
            prop_assert_eq!(lower == upper, scores.iter().all(|s| *s == scores[0]));
        }
    }
}
