//! Values as people read them. No value is ever guessed: what is absent is said to be absent.
use contracts::{
    analytics::v1::Figure,
    common::v1::Money,
    complaint::v1::{EscalationDetail, EscalationRaised},
};
use jiff::Timestamp;

/// "solution_drafted" → "solution drafted".
pub fn plain(key: &str) -> String {
    key.replace('_', " ")
}

/// "aftercare.complaint.v1.ComplaintRecorded" → "complaint recorded".
pub fn event_name(event_type: &str) -> String {
    let name = event_type.rsplit('.').next().unwrap_or_default();
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

/// The name of an enum value without the name of its enum: "ESCALATION_LEVEL_MANAGEMENT" → "management".
pub fn value_name(value: &str, prefix: &str) -> String {
    plain(&value.strip_prefix(prefix).unwrap_or(value).to_lowercase())
}

/// What exactly is wrong: "portion gift card 12.50 CNY (card closed)".
pub fn detail(detail: &EscalationDetail) -> String {
    let amount = detail.amount.as_ref().map(money).unwrap_or_default();
    let why = if detail.code.is_empty() { String::new() } else { format!("({})", plain(&detail.code)) };
    let words = [plain(&detail.what), plain(&detail.means), amount, why];
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// What was raised is about: "order 0190…".
pub fn about(raised: &EscalationRaised) -> String {
    let about = [
        ("complaint", &raised.complaint_id),
        ("case", &raised.case_id),
        ("action", &raised.action_id),
        ("order", &raised.order_id),
    ];
    about.into_iter().find(|(_, id)| !id.is_empty()).map(|(what, id)| format!("{what} {id}")).unwrap_or_default()
}

/// A moment in UTC, to the second.
pub fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A moment of a contract; a dash where there is none.
pub fn moment_of(at: Option<&contracts::Timestamp>) -> String {
    match backbone::proto::instant("at", at) {
        Ok(Some(at)) => moment(at),
        _ => "–".to_owned(),
    }
}

/// A length of time by its two biggest units: "3 d 4 h", "12 min 5 s", "0.25 s".
pub fn duration(seconds: f64) -> String {
    let whole = seconds.round() as i64;
    let (days, hours, minutes, rest) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60, whole % 60);
    match whole {
        86_400.. => format!("{days} d {hours} h"),
        3600.. => format!("{hours} h {minutes} min"),
        60.. => format!("{minutes} min {rest} s"),
        10.. => format!("{whole} s"),
        _ => format!("{seconds:.2} s"),
    }
}

/// An exact amount, "12.34 CNY"; the bare figures where the currency is not known.
pub fn money(amount: &Money) -> String {
    match amount.currency.parse() {
        Ok(currency) => kernel::money::Money::new(amount.minor, currency).to_string(),
        Err(_) => format!("{} {}", amount.minor, amount.currency),
    }
}

/// A figure's value; "no data" where there is none.
pub fn value(figure: &Figure) -> String {
    figure.value.map_or_else(|| "no data".to_owned(), |value| measured(figure, value))
}

/// A figure's 95 % bounds; empty where there are none.
pub fn bounds(figure: &Figure) -> String {
    match (figure.lower, figure.upper) {
        (Some(lower), Some(upper)) => format!("{} to {}", measured(figure, lower), measured(figure, upper)),
        _ => String::new(),
    }
}

/// The currency a part names: "CNY", "mean.CNY", "CNY.cause.broken".
fn currency(part: &str) -> String {
    let is_one = |word: &&str| word.len() == 3 && word.bytes().all(|letter| letter.is_ascii_uppercase());
    part.split('.').find(is_one).unwrap_or(part).to_owned()
}

fn measured(figure: &Figure, value: f64) -> String {
    match figure.unit.as_str() {
        "ratio" => format!("{:.1} %", value * 100.0),
        "per_thousand" => format!("{value:.1} per 1,000"),
        "seconds" => duration(value),
        "score" | "times" => format!("{value:.2}"),
        "minor_units" => money(&Money { minor: value.round() as i64, currency: currency(&figure.part) }),
        "count" => format!("{value:.0}"),
        unit => format!("{value} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_states_and_values_have_readable_names() {
        assert_eq!(event_name("aftercare.complaint.v1.ComplaintRecorded"), "complaint recorded");
        assert_eq!(event_name(""), "");
        assert_eq!(plain("solution_drafted"), "solution drafted");
        assert_eq!(value_name("ESCALATION_LEVEL_MANAGEMENT", "ESCALATION_LEVEL_"), "management");
    }

    #[test]
    fn lengths_of_time_show_their_two_biggest_units() {
        let cases = [
            (0.0, "0.00 s"),
            (0.25, "0.25 s"),
            (59.4, "59 s"),
            (600.0, "10 min 0 s"),
            (3600.0 * 5.0 + 61.0, "5 h 1 min"),
            (86_400.0 * 3.0 + 3600.0 * 4.0, "3 d 4 h"),
        ];
        for (seconds, words) in cases {
            assert_eq!(duration(seconds), words);
        }
    }

    #[test]
    fn figures_are_shown_in_their_unit_and_absent_ones_as_absent() {
        let figure = |unit: &str, part: &str, value| Figure {
            unit: unit.to_owned(),
            part: part.to_owned(),
            value,
            ..Figure::default()
        };
        assert_eq!(value(&figure("ratio", "share", Some(0.8316))), "83.2 %");
        assert_eq!(value(&figure("ratio", "share", None)), "no data");
        assert_eq!(value(&figure("per_thousand", "rate", Some(12.44))), "12.4 per 1,000");
        assert_eq!(value(&figure("score", "mean", Some(4.2))), "4.20");
        assert_eq!(value(&figure("minor_units", "BRL", Some(123_456.0))), "1234.56 BRL");
        assert_eq!(value(&figure("minor_units", "JPY", Some(500.0))), "500 JPY");
        assert_eq!(value(&figure("minor_units", "CNY.cause.broken", Some(-1_250.4))), "-12.50 CNY");
        assert_eq!(value(&figure("times", "mean", Some(2.346))), "2.35");
        assert_eq!(value(&figure("count", "count", Some(3.0))), "3");
        let share = Figure { lower: Some(0.75), upper: Some(0.9), ..figure("ratio", "share", Some(0.83)) };
        assert_eq!(bounds(&share), "75.0 % to 90.0 %");
        assert_eq!(bounds(&figure("ratio", "share", None)), "");
    }
}
