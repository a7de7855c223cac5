//! Everything a batch writes, as one statement: each part is a list of common table expressions in it. So a batch costs
//! one round trip, and by itself it is a transaction, however many tables it touches.
use std::fmt::Write as _;

use sqlx::{
    Arguments as _, AssertSqlSafe, Encode, PgConnection, Postgres, Type, error::BoxDynError, postgres::PgArguments,
};

/// A statement under construction.
#[derive(Default)]
pub(crate) struct Script {
    text: String,
    arguments: PgArguments,
    failure: Option<BoxDynError>,
}

impl Script {
    /// Adds `name as (…)`, one or several, whose parameters `$1 …` are those bound next. Names must differ from those
    /// of all other parts and from tables.
    pub fn part(&mut self, text: &str) -> &mut Self {
        self.text.push_str(if self.text.is_empty() { "-- road.write\nwith " } else { ",\n" });
        let before = self.arguments.len();
        let mut pieces = text.split('$');
        self.text.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let digits = piece.find(|c: char| !c.is_ascii_digit()).unwrap_or(piece.len());
            let (number, rest) = piece.split_at(digits);
            match number.parse::<usize>() {
                Ok(number) => drop(write!(self.text, "${}{rest}", number + before)),
                Err(_) => drop(write!(self.text, "${rest}")),
            }
        }
        self
    }

    /// The next parameter of the part.
    pub fn bind<'t, T: Encode<'t, Postgres> + Type<Postgres>>(&mut self, value: T) -> &mut Self {
        if let Err(error) = self.arguments.add(value) {
            self.fail(error);
        }
        self
    }

    /// Makes the statement fail with this when it is run.
    pub fn fail(&mut self, error: impl Into<BoxDynError>) {
        self.failure.get_or_insert(error.into());
    }

    /// Runs it; without any part there is nothing to do.
    pub async fn run(mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.text.is_empty() {
            return Ok(());
        }
        self.text.push_str("\nselect");
        if let Some(error) = self.failure {
            return Err(sqlx::Error::Encode(error));
        }
        sqlx::query_with(AssertSqlSafe(self.text), self.arguments).execute(connection).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_has_parameters_of_its_own() {
        let mut script = Script::default();
        script
            .part("a as (select $1, $2)")
            .bind(1_i64)
            .bind("x")
            .part("-- b\nb as (select $1::uuid[], '$')")
            .bind(2_i64);
        assert_eq!(script.text, "-- road.write\nwith a as (select $1, $2),\n-- b\nb as (select $3::uuid[], '$')");
        assert_eq!(script.arguments.len(), 3);
    }
}
