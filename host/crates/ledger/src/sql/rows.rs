//! Statements that write many rows at once.

use std::sync::Arc;

use sqlx::{
    Arguments, AssertSqlSafe, SqlSafeStr, SqlStr,
    sqlite::{SqliteArguments, SqliteConnection},
};

use crate::Error;

/// Rows a statement may carry. Few sizes, so that each statement is prepared once and kept; the largest is where a larger
/// one gained nothing, and 7 columns of it stay far below SQLite's 32,766 variables.
const SIZES: [usize; 5] = [256, 64, 16, 4, 1];

/// A statement with a list of rows in it, ready in every size.
#[derive(Debug)]
pub(crate) struct Rows {
    columns: usize,
    statements: Vec<(usize, SqlStr)>,
}

impl Rows {
    /// `head` and `tail` stand around the list `(?, …), (?, …)`.
    pub(crate) fn new(head: &'static str, columns: usize, tail: &'static str) -> Self {
        let row = format!("({})", vec!["?"; columns].join(", "));
        let statements = SIZES
            .iter()
            .map(|&size| {
                let rows = vec![row.as_str(); size].join(", ");
                let text: Arc<str> = format!("{head}{rows}{tail}").into();
                (size, AssertSqlSafe(text).into_sql_str())
            })
            .collect();
        Self {
            columns,
            statements,
        }
    }

    /// The statement in all its sizes.
    #[cfg(test)]
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.statements
            .iter()
            .map(|(_, statement)| statement.as_str())
    }

    /// Executes the statement for all rows and returns how many rows it changed.
    ///
    /// `bind` puts the columns of one row in order.
    pub(crate) async fn execute<T>(
        &self,
        connection: &mut SqliteConnection,
        rows: impl IntoIterator<Item = T, IntoIter: ExactSizeIterator>,
        bind: impl Fn(&mut Values, T) -> Result<(), Error>,
    ) -> Result<u64, Error> {
        let mut rows = rows.into_iter();
        let mut changed = 0;
        while rows.len() > 0 {
            let left = rows.len();
            let Some((size, statement)) = self.statements.iter().find(|(size, _)| *size <= left)
            else {
                break;
            };
            let mut values = Values::default();
            values.0.reserve(size * self.columns, 0);
            for row in rows.by_ref().take(*size) {
                bind(&mut values, row)?;
            }
            let done = sqlx::query_with(statement.clone(), values.0)
                .execute(&mut *connection)
                .await
                .map_err(Error::writing("write rows"))?;
            changed += done.rows_affected();
        }
        Ok(changed)
    }
}

/// Arguments of a statement, in order.
#[derive(Debug, Default)]
pub(crate) struct Values(SqliteArguments);

impl Values {
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<&mut Self, Error> {
        self.add(bytes)
    }

    pub(crate) fn text(&mut self, text: &str) -> Result<&mut Self, Error> {
        self.add(text)
    }

    /// Block numbers, indexes, codes. SQLite's integers are signed, so half of the range is refused rather than wrapped.
    pub(crate) fn number(&mut self, number: u64) -> Result<&mut Self, Error> {
        self.add(signed(number)?)
    }

    pub(crate) fn into_arguments(self) -> SqliteArguments {
        self.0
    }

    fn add<'t, T>(&mut self, value: T) -> Result<&mut Self, Error>
    where
        T: sqlx::Encode<'t, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
    {
        self.0.add(value).map_err(|source| Error::Broken {
            what: "bind a value",
            source,
        })?;
        Ok(self)
    }
}

/// A number as SQLite stores it.
pub(crate) fn signed(number: u64) -> Result<i64, Error> {
    i64::try_from(number).map_err(|_| Error::Limit {
        what: "a number to be stored",
        max: i64::MAX.unsigned_abs(),
    })
}

/// A number as SQLite gave it back.
pub(crate) fn unsigned(number: i64) -> Result<u64, Error> {
    u64::try_from(number).map_err(|cause| Error::damaged("a stored number", cause))
}
