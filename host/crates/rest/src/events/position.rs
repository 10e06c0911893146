//! Where a stream stands, and how its events' ids say it.

use std::fmt;

use model::ErrorCode;

use crate::problem::Problem;

/// What a stream has told: everything before block `next`, and of that block the transactions up to and with `told`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// The block to look at next.
    pub(super) next: u64,
    /// Transactions of it up to this place have been told.
    pub(super) told: Option<u64>,
}

impl Position {
    /// At the beginning of a block.
    pub(super) fn before(next: u64) -> Self {
        Self { next, told: None }
    }

    /// Reads what a request says of it: the last event's id, else `from`, else the next block. With `parts` an id may
    /// name a transaction.
    ///
    /// # Errors
    /// `events.position`: it is nothing that a stream of this channel has given or can begin with.
    pub(super) fn read(
        last: Option<&str>,
        from: Option<&str>,
        height: u64,
        parts: bool,
    ) -> Result<Self, Problem> {
        match (last, from) {
            (Some(last), _) => behind(last, height, parts),
            (None, None) => Ok(Self::before(height)),
            (None, Some("newest")) => Ok(Self::before(height.saturating_sub(1))),
            (None, Some("oldest")) => Ok(Self::before(0)),
            (None, Some(number)) => {
                let wrong = || {
                    refused(format!(
                        "'from' is 'oldest', 'newest', or a block's number up to the height, which is {height}"
                    ))
                };
                let next = number_of(number).ok_or_else(wrong)?;
                if next > height {
                    return Err(wrong());
                }
                Ok(Self::before(next))
            }
        }
    }

    /// The id of what has been told; none if that is nothing.
    pub(super) fn id(self) -> Option<String> {
        match (self.next.checked_sub(1), self.told) {
            (None, None) => None,
            (Some(block), None) => Some(block.to_string()),
            (_, Some(told)) => Some(format!("{}:{told}", self.next)),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.id().as_deref().unwrap_or("the beginning"))
    }
}

/// Behind the event with this id: `BLOCK` is all of a block, `BLOCK:TX` a part of it.
fn behind(id: &str, height: u64, parts: bool) -> Result<Position, Problem> {
    let wrong = || {
        refused(format!(
            "Last-Event-ID is not the id of an event of this stream; the channel has {height} blocks on this peer"
        ))
    };
    let (block, told) = match id.split_once(':') {
        None => (number_of(id), None),
        Some((block, tx)) => {
            let told = number_of(tx).filter(|_| parts).ok_or_else(wrong)?;
            (number_of(block), Some(told))
        }
    };
    let block = block.filter(|block| *block < height).ok_or_else(wrong)?;
    Ok(match told {
        None => Position::before(block.saturating_add(1)),
        Some(told) => Position {
            next: block,
            told: Some(told),
        },
    })
}

/// A number as ids have it: digits alone, no zero in front.
fn number_of(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

fn refused(text: String) -> Problem {
    Problem::new(ErrorCode::EventsPosition, text)
}

#[cfg(test)]
mod tests {
    use super::Position;

    /// On a channel of five blocks.
    fn read(last: Option<&str>, from: Option<&str>, parts: bool) -> String {
        match Position::read(last, from, 5, parts) {
            Ok(Position { next, told: None }) => format!("block {next}"),
            Ok(Position {
                next,
                told: Some(tx),
            }) => format!("block {next} behind {tx}"),
            Err(problem) => problem.document().code.to_owned(),
        }
    }

    #[test]
    fn a_stream_begins_where_the_request_says() {
        for (last, from, wanted) in [
            (None, None, "block 5"),
            (None, Some("newest"), "block 4"),
            (None, Some("oldest"), "block 0"),
            (None, Some("0"), "block 0"),
            (None, Some("5"), "block 5"),
            (Some("0"), None, "block 1"),
            (Some("4"), None, "block 5"),
            (Some("4"), Some("oldest"), "block 5"),
            (Some("2:7"), Some("0"), "block 2 behind 7"),
        ] {
            assert_eq!(read(last, from, true), wanted, "{last:?} {from:?}");
        }
    }

    #[test]
    fn what_no_stream_has_given_is_refused() {
        for from in [
            "",
            "6",
            "-1",
            "+1",
            "01",
            "4.0",
            "next",
            "18446744073709551616",
            "1:0",
        ] {
            assert_eq!(read(None, Some(from), true), "events.position", "{from}");
        }
        for last in [
            "",
            "5",
            "5:0",
            "-1",
            "04",
            "1:",
            ":1",
            "1:2:3",
            "1:02",
            "oldest",
            "a",
            "18446744073709551615",
        ] {
            assert_eq!(read(Some(last), None, true), "events.position", "{last}");
            assert_eq!(
                read(Some(last), Some("0"), true),
                "events.position",
                "{last}"
            );
        }
        assert_eq!(read(Some("1:0"), None, false), "events.position");
        assert_eq!(read(Some("1"), None, false), "block 2");
    }

    #[test]
    fn an_id_leads_back_to_its_place() {
        for place in [
            Position::before(3),
            Position {
                next: 0,
                told: Some(0),
            },
            Position {
                next: 4,
                told: Some(12),
            },
        ] {
            let id = place.id().unwrap();
            assert_eq!(Position::read(Some(&id), None, 5, true).ok(), Some(place));
        }
        assert_eq!(Position::before(0).id(), None);
    }
}
