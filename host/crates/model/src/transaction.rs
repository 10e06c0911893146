//! A block's transaction, opened stage by stage in Fabric's order; each stage gives the next, or the [`Fault`] for
//! which it gets its code.
//!
//! ```text
//! Opened::parse(entry)     2 BAD_PAYLOAD, 3 BAD_COMMON_HEADER
//!   the caller             4 BAD_CREATOR_SIGNATURE, for a foreign channel id too
//! opened.content()         7 UNSUPPORTED_TX_PAYLOAD, 8 BAD_PROPOSAL_TXID, 5 INVALID_ENDORSER_TRANSACTION
//!   the caller             9 DUPLICATE_TXID in the ledger
//! endorsed.action()        19 BAD_HEADER_EXTENSION, 21 BAD_RESPONSE_PAYLOAD
//!   the caller             22 BAD_RWSET
//! action.invoked()         25 INVALID_CHAINCODE, 255 INVALID_OTHER_REASON
//!   the caller             23 ILLEGAL_WRITESET, 25 for what is not defined, 10, and then state: 11, 12
//! ```
//!
//! Source of the order: core/common/validation/msgvalidation.go, core/committer/txvalidator/v20/validator.go and
//! plugindispatcher/dispatcher.go in Fabric.

mod action;
mod endorsed;
mod fault;
mod opened;
#[cfg(test)]
mod tests;

pub use action::{Action, Invoked};
pub use endorsed::Endorsed;
pub use fault::Fault;
pub use opened::{Content, Opened};
