//! Paths and queries, read strictly: unknown names, names given twice and broken percent-encoding are refused.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use axum::extract::FromRequestParts;
use axum::http::request::Parts as RequestParts;
use serde::de::DeserializeOwned;

use crate::api::Api;
use crate::problem::Problem;

/// Names in one query; more are refused.
const NAMES_MAX: usize = 64;

/// The query of a request. Take what the call knows, then call [`Query::end`].
#[derive(Debug, Default)]
pub(crate) struct Query {
    left: BTreeMap<String, Vec<String>>,
}

impl Query {
    fn parse(text: &str) -> Result<Self, Problem> {
        let mut left: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        for (index, pair) in pairs.enumerate() {
            if index >= NAMES_MAX {
                return Err(Problem::invalid(format!(
                    "the query has more than {NAMES_MAX} parts"
                )));
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            left.entry(decode(name)?).or_default().push(decode(value)?);
        }
        Ok(Self { left })
    }

    /// All values of a name, in their order.
    pub(crate) fn all(&mut self, name: &str) -> Vec<String> {
        self.left.remove(name).unwrap_or_default()
    }

    /// The value of a name that may stand once.
    pub(crate) fn one(&mut self, name: &str) -> Result<Option<String>, Problem> {
        let mut values = self.all(name);
        let value = values.pop();
        if values.is_empty() {
            return Ok(value);
        }
        Err(Problem::invalid(format!("'{name}' is given twice")))
    }

    /// The value of a name as a number of that range.
    pub(crate) fn number(
        &mut self,
        name: &str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<u64>, Problem> {
        let Some(text) = self.one(name)? else {
            return Ok(None);
        };
        number(name, &text, range).map(Some)
    }

    /// Refuses what nobody has taken.
    pub(crate) fn end(self) -> Result<(), Problem> {
        match self.left.keys().next() {
            None => Ok(()),
            Some(name) => Err(Problem::invalid(format!(
                "this call has no parameter {name:?}"
            ))),
        }
    }
}

/// A decimal number of that range: digits alone, and no zero in front, so that each number is written in one way.
pub(crate) fn number(name: &str, text: &str, range: RangeInclusive<u64>) -> Result<u64, Problem> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let digits = digits && (text == "0" || !text.starts_with('0'));
    let number = text.parse().ok().filter(|_| digits);
    number
        .filter(|number| range.contains(number))
        .ok_or_else(|| {
            let (least, most) = range.into_inner();
            Problem::invalid(format!("'{name}' is not a number from {least} to {most}"))
        })
}

/// Undoes percent-encoding; `+` is a space, as forms write it.
fn decode(text: &str) -> Result<String, Problem> {
    let wrong = || Problem::invalid("the query's percent-encoding is broken or not UTF-8");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let pair = [
                    rest.next().ok_or_else(wrong)?,
                    rest.next().ok_or_else(wrong)?,
                ];
                let mut decoded = [0];
                hex::decode_to_slice(pair, &mut decoded).map_err(|_| wrong())?;
                let [decoded] = decoded;
                decoded
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

impl FromRequestParts<Api> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut RequestParts, _api: &Api) -> Result<Self, Problem> {
        Self::parse(parts.uri.query().unwrap_or_default())
    }
}

/// For calls that take no query: refuses any.
#[derive(Debug)]
pub(crate) struct NoQuery;

impl FromRequestParts<Api> for NoQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut RequestParts, api: &Api) -> Result<Self, Problem> {
        let query = Query::from_request_parts(parts, api).await?;
        query.end().map(|()| Self)
    }
}

/// The variable parts of a path, decoded.
#[derive(Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Api> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut RequestParts, api: &Api) -> Result<Self, Problem> {
        let path = axum::extract::Path::from_request_parts(parts, api).await;
        let axum::extract::Path(path) =
            path.map_err(|error| Problem::invalid(format!("the path: {error}")))?;
        Ok(Self(path))
    }
}

#[cfg(test)]
mod tests {
    use super::Query;

    fn detail(text: &str) -> String {
        let read = Query::parse(text).and_then(|mut query| {
            query.number("limit", 1..=100)?;
            query.one("start")?;
            query.end()
        });
        read.map_or_else(
            |problem| problem.document().detail.clone(),
            |()| "taken".into(),
        )
    }

    #[test]
    fn a_query_is_taken_whole_or_refused() {
        for good in [
            "",
            "limit=100",
            "limit=1&start=a%00b+c",
            "&&limit=7",
            "start",
        ] {
            assert_eq!(detail(good), "taken", "{good}");
        }
        for (bad, said) in [
            ("limit=0", "'limit' is not a number from 1 to 100"),
            ("limit=01", "'limit' is not a number from 1 to 100"),
            ("limit=+1", "'limit' is not a number from 1 to 100"),
            ("limit=", "'limit' is not a number from 1 to 100"),
            (
                "limit=99999999999999999999999",
                "'limit' is not a number from 1 to 100",
            ),
            ("limit=1&limit=1", "'limit' is given twice"),
            (
                "start=%",
                "the query's percent-encoding is broken or not UTF-8",
            ),
            (
                "start=%+1",
                "the query's percent-encoding is broken or not UTF-8",
            ),
            (
                "start=%ff",
                "the query's percent-encoding is broken or not UTF-8",
            ),
            ("x=1", "this call has no parameter \"x\""),
        ] {
            assert_eq!(detail(bad), said, "{bad}");
        }
        assert!(detail(&"start&".repeat(65)).contains("more than 64"));
    }

    #[test]
    fn a_repeated_name_keeps_its_order() {
        let mut query = Query::parse("attribute=b&attribute=a").unwrap();
        assert_eq!(query.all("attribute"), ["b", "a"]);
    }
}
