//! Step 14: all that needs the channel's configuration and no state. Transactions in parallel, none of them can fail the
//! block.

use std::sync::Arc;

use ::channel::Bundle;
use bytes::{BufMut as _, Bytes, BytesMut};
use model::transaction::{Content, Endorsed, Opened};
use model::{Block, TxId, TxValidationCode};
use msp::Identity;
use msp::policy::SignedData;
use rwset::TxRwSet;

use crate::cause::{self, CreatorFault, Refused};

/// Below this many transactions a thread costs more than it brings.
const TXS_PER_THREAD_MIN: usize = 8;

/// A block whose transactions each have a code already, or everything that the rest of validation needs.
pub struct VerifiedBlock {
    /// The block as received.
    pub block: Block,
    /// One for each entry, in order.
    pub(crate) txs: Vec<VerifiedTx>,
}

/// What is known of a transaction before the state is looked at.
pub(crate) enum VerifiedTx {
    /// Invalid whatever the state says.
    Invalid(Box<Refused>),
    /// A configuration: the encoded `ConfigEnvelope`.
    Config(Bytes),
    /// An endorsed transaction of the right shape, by a known creator.
    Endorsed(Box<VerifiedEndorsed>),
}

/// An endorsed transaction whose headers, creator and proposal hash are in order.
pub(crate) struct VerifiedEndorsed {
    pub(crate) tx_id: TxId,
    /// What it does, or what is wrong with it; unless it is a duplicate, which is found out first.
    pub(crate) content: Result<EndorsedContent, Box<Refused>>,
}

/// What an endorsed transaction does, and who has endorsed it.
pub(crate) struct EndorsedContent {
    /// The invoked chaincode.
    pub(crate) chaincode: String,
    pub(crate) rwset: TxRwSet,
    /// The identities whose endorsements are good, in the order of the endorsements, each once.
    pub(crate) endorsers: Vec<Arc<Identity>>,
}

/// Verifies a block's transactions under the configuration that was in force after the block before it, on `threads`
/// threads. CPU work of about 100 µs for each signature: not for an async thread.
#[must_use]
pub fn verify(block: Block, bundle: &Bundle, threads: usize) -> VerifiedBlock {
    if block.number == 0 {
        return genesis(block);
    }
    let per_thread = block
        .data
        .len()
        .div_ceil(threads.max(1))
        .max(TXS_PER_THREAD_MIN);
    let verify_all = |entries: &[Bytes]| -> Vec<VerifiedTx> {
        entries
            .iter()
            .map(|entry| verify_tx(entry, bundle).unwrap_or_else(VerifiedTx::Invalid))
            .collect()
    };
    let txs = if block.data.len() <= per_thread {
        verify_all(&block.data)
    } else {
        std::thread::scope(|scope| {
            let parts: Vec<_> = block
                .data
                .chunks(per_thread)
                .map(|entries| (entries, scope.spawn(|| verify_all(entries))))
                .collect();
            // A thread that could not do its part is no verdict on the transactions: do the part again here.
            let join = |(entries, thread): (_, std::thread::ScopedJoinHandle<'_, _>)| {
                thread.join().unwrap_or_else(|_| verify_all(entries))
            };
            parts.into_iter().flat_map(join).collect()
        })
    };
    VerifiedBlock { block, txs }
}

/// Block 0 is what everything else is compared with: nobody has created or signed it.
fn genesis(block: Block) -> VerifiedBlock {
    let tx = match block.config() {
        Some(envelope) => VerifiedTx::Config(envelope),
        None => VerifiedTx::Invalid(Refused::rule(
            TxValidationCode::InvalidConfigTransaction,
            "the genesis block",
            "it holds no configuration",
        )),
    };
    VerifiedBlock {
        block,
        txs: vec![tx],
    }
}

fn verify_tx(entry: &Bytes, bundle: &Bundle) -> Result<VerifiedTx, Box<Refused>> {
    let opened = Opened::parse(entry)?;
    creator_has_signed(&opened, bundle).map_err(|reason| cause::creator(&opened, reason))?;
    match opened.content()? {
        Content::Config(envelope) => Ok(VerifiedTx::Config(envelope)),
        Content::Endorsed(endorsed) => {
            let content = verify_endorsed(&endorsed, bundle);
            Ok(VerifiedTx::Endorsed(Box::new(VerifiedEndorsed {
                tx_id: endorsed.tx_id,
                content,
            })))
        }
    }
}

/// Another channel's transaction is one whose creator is not known here: Fabric looks its identity up in that channel.
fn creator_has_signed(opened: &Opened, bundle: &Bundle) -> Result<(), CreatorFault> {
    if opened.channel_id() != bundle.channel_id().as_str() {
        return Err(CreatorFault::Channel);
    }
    let msps = bundle.msps();
    let creator = msps.identity(opened.creator())?;
    msps.validate(&creator)?;
    creator.verify(opened.signed_bytes(), opened.signature())?;
    Ok(())
}

fn verify_endorsed(endorsed: &Endorsed, bundle: &Bundle) -> Result<EndorsedContent, Box<Refused>> {
    let action = endorsed.action()?;
    let rwset = TxRwSet::parse(action.read_write_set()).map_err(|bad| {
        let rule = format!("{bad}");
        Refused::rule(TxValidationCode::BadRwset, "the endorsed result", rule)
    })?;
    let invoked = action.invoked()?;
    if let Some(name) = rwset.duplicate_namespace() {
        let rule = format!("it names namespace {name:?} twice");
        let code = TxValidationCode::IllegalWriteset;
        return Err(Refused::rule(code, "the read-write set", rule));
    }
    let endorsers = bundle.msps().signers(&endorsements(endorsed));
    Ok(EndorsedContent {
        chaincode: invoked.name,
        rwset,
        endorsers,
    })
}

/// An endorser signs the response payload followed by its own identity.
pub(crate) fn endorsements(endorsed: &Endorsed) -> Vec<SignedData> {
    let payload = &endorsed.response_payload.bytes;
    let signed = |endorsement: &proto::protos::Endorsement| {
        let mut data = BytesMut::with_capacity(payload.len() + endorsement.endorser.len());
        data.put_slice(payload);
        data.put_slice(&endorsement.endorser);
        SignedData {
            data: data.freeze(),
            identity: endorsement.endorser.clone(),
            signature: endorsement.signature.clone(),
        }
    };
    endorsed.endorsements.iter().map(signed).collect()
}
