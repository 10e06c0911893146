//! Why a transaction is not valid: made only for those that are not, and kept with the block.

mod conflict;
mod policy;

use ::channel::Bundle;
use bytes::Bytes;
use decoded::{BadCreator, Cause, Duplicate, Place, Signer};
use ledger::{CauseRow, TxLocation};
use model::transaction::{Fault, Opened};
use model::{TxValidationCode, Version, codes};
use msp::Identity;
use rwset::Verdict;

pub(crate) use policy::{NotMet, Owner, owner};

/// What is wrong with a transaction, and the code it gets for it.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    pub(crate) code: TxValidationCode,
    pub(crate) cause: Cause,
}

/// Why a creator's signature does not count.
#[derive(Debug)]
pub(crate) enum CreatorFault {
    /// The transaction is another channel's.
    Channel,
    /// Identity or signature.
    Msp(msp::Error),
}

impl From<msp::Error> for CreatorFault {
    fn from(error: msp::Error) -> Self {
        Self::Msp(error)
    }
}

impl Refused {
    /// A part that breaks a rule.
    pub(crate) fn rule(
        code: TxValidationCode,
        part: impl Into<String>,
        rule: impl Into<String>,
    ) -> Box<Self> {
        let cause = Cause::rule(part, rule);
        Box::new(Self { code, cause })
    }

    /// An id that an earlier transaction had.
    pub(crate) fn duplicate(first: TxLocation) -> Box<Self> {
        let version = Version {
            block: first.block,
            tx: first.tx,
        };
        let duplicate = Duplicate {
            first: Place::new(version),
            code: codes::name(first.code).to_owned(),
        };
        Box::new(Self {
            code: TxValidationCode::DuplicateTxid,
            cause: Cause::Duplicate(duplicate),
        })
    }
}

impl From<Fault> for Box<Refused> {
    fn from(fault: Fault) -> Self {
        Refused::rule(fault.code, fault.part, fault.rule)
    }
}

/// A transaction that its creator has not signed, or whose creator the channel does not know.
pub(crate) fn creator(opened: &Opened, fault: CreatorFault) -> Box<Refused> {
    let reason = match fault {
        CreatorFault::Channel => format!(
            "the transaction is of channel {:?}, whose members are not known here",
            opened.channel_id()
        ),
        CreatorFault::Msp(error) => error.to_string(),
    };
    let bad = BadCreator {
        creator: stated(opened.creator()),
        reason,
    };
    Box::new(Refused {
        code: TxValidationCode::BadCreatorSignature,
        cause: Cause::Creator(bad),
    })
}

/// Who an identity says it is.
fn stated(identity: &Bytes) -> Option<Signer> {
    let (msp_id, certificate) = Identity::decode(identity).ok()?;
    let subject = certificate.subject();
    Some(Signer { msp_id, subject })
}

fn signer(identity: &Identity) -> Signer {
    Signer {
        msp_id: identity.msp_id().to_owned(),
        subject: identity.certificate().subject(),
    }
}

/// What is to be kept of a block's invalid transactions: what was found before serial validation, and what that found.
pub(crate) fn rows(
    block: u64,
    judged: &[Result<(), Box<Refused>>],
    verdicts: &[Verdict],
) -> Vec<CauseRow> {
    let txs = (0_u64..).zip(judged.iter().zip(verdicts));
    txs.filter_map(|(tx, (judged, verdict))| {
        let cause = match (judged, &verdict.cause) {
            (Err(refused), _) => told(block, &refused.cause, verdicts),
            (Ok(()), conflict) => conflict::cause(conflict.as_ref()?),
        };
        let bytes = cause.to_bytes().into();
        Some(CauseRow { tx, bytes })
    })
    .collect()
}

/// The cause with what was not known when it was found: the code of the first transaction of an id in this same block.
fn told(block: u64, cause: &Cause, verdicts: &[Verdict]) -> Cause {
    let mut cause = cause.clone();
    if let Cause::Duplicate(duplicate) = &mut cause
        && duplicate.first.block == block
    {
        let index = usize::try_from(duplicate.first.tx).ok();
        let first = index.and_then(|index| verdicts.get(index));
        if let Some(first) = first {
            codes::name(first.code).clone_into(&mut duplicate.code);
        }
    }
    cause
}

/// The endorsements of an entry that do not count, and how many more there are than were looked at.
pub(crate) fn add_uncounted(refused: &mut Refused, entry: &Bytes, bundle: &Bundle) {
    if let Cause::Policy(policy) = &mut refused.cause {
        let (not_counted, left_out) = policy::not_counted(entry, bundle);
        policy.not_counted = not_counted;
        policy.endorsements_left_out += left_out;
    }
}
