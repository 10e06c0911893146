//! From a seek request to block numbers. Pure.
//!
//! The rules, odd ones included, are those of Fabric's common/deliver/deliver.go: a stop position is compared for
//! equality with each block sent, so a stop below the start that was not refused never ends the stream.

use model::ErrorCode;
use proto::{
    common::Status,
    orderer::{
        SeekInfo, SeekPosition,
        seek_info::{SeekBehavior, SeekContentType},
        seek_position::Type,
    },
};

use crate::refusal::Refusal;

/// A request resolved against a height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Number of the first block to send.
    pub(crate) start: u64,
    /// The stream ends after the block of this number.
    pub(crate) stop: u64,
    /// Answer NOT_FOUND where a block is missing, instead of waiting for it.
    pub(crate) fail_if_not_ready: bool,
    /// Leave the transactions out, except those of configuration blocks.
    pub(crate) header_only: bool,
}

/// Resolves a request when the chain has `height` blocks.
///
/// # Errors
/// BAD_REQUEST: no start, no stop, or a stop given by number below the start. NOT_FOUND: a start given by number above
/// the height.
pub(crate) fn resolve(seek: &SeekInfo, height: u64) -> Result<Plan, Refusal> {
    let position = |position: &Option<SeekPosition>| position.and_then(|it| it.r#type);
    // Presence is about the position, not about what it says: an empty one finds no block.
    if seek.start.is_none() || seek.stop.is_none() {
        return Err(position_wrong("start or stop is missing"));
    }
    let start = match position(&seek.start) {
        Some(Type::Oldest(_)) => 0,
        Some(Type::Newest(_)) => height.saturating_sub(1),
        Some(Type::NextCommit(_)) => height,
        Some(Type::Specified(at)) if at.number <= height => at.number,
        Some(Type::Specified(_)) | None => {
            return Err(Refusal::new(
                Status::NotFound,
                ErrorCode::BlockNotFound,
                format!("the start is not among the {height} blocks"),
            ));
        }
    };
    let stop = match position(&seek.stop) {
        Some(Type::Oldest(_)) => start,
        // Resolved once, here; and one block asked for is one block sent, whatever is committed in between.
        Some(Type::Newest(_)) if seek.start == seek.stop => start,
        Some(Type::Newest(_)) => height.saturating_sub(1),
        Some(Type::Specified(at)) if at.number < start => {
            return Err(position_wrong("the stop is below the start"));
        }
        Some(Type::Specified(at)) => at.number,
        Some(Type::NextCommit(_)) | None => 0,
    };
    Ok(Plan {
        start,
        stop,
        fail_if_not_ready: seek.behavior() == SeekBehavior::FailIfNotReady,
        header_only: seek.content_type() == SeekContentType::HeaderWithSig,
    })
}

fn position_wrong(reason: &str) -> Refusal {
    Refusal::bad(ErrorCode::EventsPosition, reason)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proto::orderer::{SeekNewest, SeekNextCommit, SeekOldest, SeekSpecified};

    use super::*;

    fn position(text: &str) -> Option<SeekPosition> {
        let r#type = match text {
            "none" => return None,
            "empty" => None,
            "oldest" => Some(Type::Oldest(SeekOldest {})),
            "newest" => Some(Type::Newest(SeekNewest {})),
            "next" => Some(Type::NextCommit(SeekNextCommit {})),
            number => Some(Type::Specified(SeekSpecified {
                number: number.parse().unwrap(),
            })),
        };
        Some(SeekPosition { r#type })
    }

    /// `start..stop`, on a chain of 5 blocks.
    fn check(text: &str, want: Expect) {
        let (start, stop) = text.split_once("..").unwrap();
        let seek = SeekInfo {
            start: position(start),
            stop: position(stop),
            ..SeekInfo::default()
        };
        want.assert_eq(&match resolve(&seek, 5) {
            Ok(plan) => format!("{}..={}", plan.start, plan.stop),
            Err(refusal) => format!("{} {}", refusal.status.as_str_name(), refusal.code),
        });
    }

    #[test]
    fn positions_resolve_against_the_height() {
        check("oldest..newest", expect!["0..=4"]);
        check("newest..newest", expect!["4..=4"]);
        check("2..newest", expect!["2..=4"]);
        check(
            "2..18446744073709551615",
            expect!["2..=18446744073709551615"],
        );
        check(
            "next..18446744073709551615",
            expect!["5..=18446744073709551615"],
        );
    }

    #[test]
    fn stop_oldest_means_the_first_block_sent() {
        check("3..oldest", expect!["3..=3"]);
        check("newest..oldest", expect!["4..=4"]);
    }

    #[test]
    fn stop_next_commit_means_block_zero() {
        check("oldest..next", expect!["0..=0"]);
        check("3..next", expect!["3..=0"]);
    }

    #[test]
    fn only_a_numbered_stop_below_the_start_is_refused() {
        check("3..2", expect!["BAD_REQUEST events.position"]);
        check("3..3", expect!["3..=3"]);
        check("next..newest", expect!["5..=4"]);
    }

    #[test]
    fn a_start_may_be_the_height_and_no_more() {
        check("5..7", expect!["5..=7"]);
        check("6..7", expect!["NOT_FOUND block.not_found"]);
        check("empty..7", expect!["NOT_FOUND block.not_found"]);
    }

    #[test]
    fn a_missing_position_is_refused() {
        check("none..7", expect!["BAD_REQUEST events.position"]);
        check("3..none", expect!["BAD_REQUEST events.position"]);
    }
}
