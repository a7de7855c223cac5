//! Which rows a call holds: every row once, no key twice, a key's rows in the order they were given.
use proptest::{collection::vec, prelude::*};

use super::*;

const STATEMENTS: [&str; 2] = ["-- test.one", "-- test.two"];

proptest! {
    #[test]
    fn every_row_is_written_once_and_those_of_a_key_in_their_order(given in vec((0..2_usize, 0..4_u128), 0..30)) {
        let rows: Vec<Row> = given
            .iter()
            .zip(0_i64..)
            .map(|((statement, key), number)| Row::new(STATEMENTS[*statement], Uuid::from_u128(*key)).with(number))
            .collect();
        let mut written: Vec<(&str, Uuid, i64)> = Vec::new();
        for ((_, statement), call) in calls(&rows) {
            written.extend(call.values().map(|row| match row.values[..] {
                [Value::Number(Some(number))] => (statement, row.key, number),
                _ => (statement, row.key, -1),
            }));
        }
        for ((statement, key), number) in given.iter().zip(0_i64..) {
            prop_assert!(written.contains(&(STATEMENTS[*statement], Uuid::from_u128(*key), number)));
        }
        prop_assert_eq!(written.len(), given.len());
        for statement in STATEMENTS {
            for key in 0..4_u128 {
                let of_key = written.iter().filter(|w| w.0 == statement && w.1 == Uuid::from_u128(key));
                prop_assert!(of_key.map(|w| w.2).is_sorted());
            }
        }
    }
}

#[test]
fn a_column_has_one_type() {
    let text = Value::from("a".to_owned());
    assert!(bind(&mut Script::default(), &[&text, &Value::Text(None)]).is_some());
    assert!(bind(&mut Script::default(), &[&text, &Value::from(1_i64)]).is_none());
}
