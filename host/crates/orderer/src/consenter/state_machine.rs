use std::{io::Cursor, sync::Arc};

use bytes::Bytes;
use channel::Bundle;
use ledger::{Effect, OrdererLedger, transactions_of};
use model::Block;
use openraft::{
    BasicNode, Entry, EntryPayload, LogId, OptionalSend, RaftSnapshotBuilder, Snapshot,
    SnapshotMeta, StorageError, StorageIOError, StoredMembership, storage::RaftStateMachine,
};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tracing::warn;

use super::{Applied, Batch, TypeConfig, entry};
use crate::{
    Error,
    admission::Admission,
    block_writer::{BlockWriter, RaftPosition},
    blocking::blocking,
    metrics::Metrics,
    recent_blocks::RecentBlocks,
};

type Failure = StorageError<u64>;
type Members = StoredMembership<u64, BasicNode>;

/// What the state machine tells others about the chain.
pub(crate) struct Publish {
    /// Set before `height`, so that whoever sees a configuration block also sees its configuration.
    pub(crate) bundle: watch::Sender<Arc<Bundle>>,
    /// Number of blocks.
    pub(crate) height: watch::Sender<u64>,
    /// The newest blocks, for those who deliver them.
    pub(crate) recent: Arc<RecentBlocks>,
    pub(crate) metrics: Arc<Metrics>,
}

/// Where a chain stands. That is all a snapshot says: the blocks themselves are fetched as any follower fetches them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    height: u64,
    last_block_hash: String,
}

/// Makes a block of each batch agreed on, and tells what others wait for.
pub(crate) struct StateMachine {
    ledger: OrdererLedger,
    writer: BlockWriter,
    applied: Option<LogId<u64>>,
    members: Members,
    signing: Admission,
    publish: Publish,
    snapshot: Option<(SnapshotMeta<u64, BasicNode>, Vec<u8>)>,
}

impl StateMachine {
    /// Goes on where the ledger's chain ends. `last` is its newest block.
    ///
    /// # Errors
    /// [`Error::Ledger`] and [`Error::Damaged`]: the chain, or how far the log is applied to it, cannot be read.
    pub(crate) async fn open(
        ledger: OrdererLedger,
        last: &Block,
        signing: Admission,
        publish: Publish,
    ) -> Result<Self, Error> {
        let damaged = |what: String| Error::Damaged { what };
        let applied = blocking(&ledger, |ledger| ledger.applied()).await;
        let (applied, members) =
            applied.map_err(Error::ledger("tell how far its log is applied"))?;
        let members = match members.is_empty() {
            true => Members::default(),
            false => {
                serde_json::from_slice(&members).map_err(|error| damaged(error.to_string()))?
            }
        };
        let writer = BlockWriter::after(last).map_err(|error| damaged(error.to_string()))?;
        Ok(Self {
            ledger,
            writer,
            applied: applied.map(entry::from_stored_id),
            members,
            signing,
            publish,
            snapshot: None,
        })
    }

    async fn apply_entry(&mut self, entry: Entry<TypeConfig>) -> Result<Applied, Failure> {
        let log_id = entry.log_id;
        let applied = match entry.payload {
            EntryPayload::Normal(batch) => self.apply_batch(log_id, batch).await?,
            EntryPayload::Membership(membership) => {
                self.members = StoredMembership::new(Some(log_id), membership);
                let members = encode(&self.members).map_err(failed(log_id))?;
                self.store(log_id, Effect::Membership(members)).await?;
                Applied::Nothing
            }
            EntryPayload::Blank => {
                self.store(log_id, Effect::Nothing).await?;
                Applied::Nothing
            }
        };
        self.applied = Some(log_id);
        Ok(applied)
    }

    async fn apply_batch(&mut self, log_id: LogId<u64>, batch: Batch) -> Result<Applied, Failure> {
        let position = RaftPosition {
            index: log_id.index,
            consenter_ids: self.members.voter_ids().collect(),
        };
        // A batch that cannot be read can be read by no node: the channel stops, and a person must look.
        let messages = transactions_of(&batch.0).map_err(failed(log_id))?;
        let block = self.writer.next(messages, &position, &self.signing);
        let block = block.map_err(failed(log_id))?;
        let next_bundle = match self.next_bundle(&block) {
            Ok(next) => next,
            // Every node finds the same, for it has the same configuration here: two were made from one, and the other
            // came first. The proposer makes it anew.
            Err(error) => {
                warn!(log_index = log_id.index, %error, "configuration does not follow the current one");
                self.store(log_id, Effect::Nothing).await?;
                return Ok(Applied::Stale);
            }
        };
        self.store(log_id, Effect::Block(Box::new(block.clone())))
            .await?;
        self.writer.written(&block, next_bundle.is_some());
        self.publish(block, next_bundle);
        Ok(Applied::Block(self.writer.last_number()))
    }

    /// The configuration that a configuration block brings.
    fn next_bundle(&self, block: &Block) -> Result<Option<Arc<Bundle>>, channel::Error> {
        if !channel::is_config_block(block) {
            return Ok(None);
        }
        let current = Arc::clone(&self.publish.bundle.borrow());
        let transaction = channel::config_of_block(block)?;
        let next = channel::update::check(&current, &transaction.content)?;
        Ok(Some(Arc::new(next)))
    }

    async fn store(&self, log_id: LogId<u64>, effect: Effect) -> Result<(), Failure> {
        let applied = ledger::Applied {
            id: entry::to_stored_id(log_id),
            effect,
        };
        let stored = blocking(&self.ledger, move |ledger| ledger.apply(&[applied])).await;
        Ok(stored.map_err(failed(log_id))?)
    }

    fn publish(&self, block: Block, next_bundle: Option<Arc<Bundle>>) {
        let publish = &self.publish;
        publish.metrics.block_written(block.data.len());
        let height = block.number.saturating_add(1);
        publish.recent.push(block);
        if let Some(bundle) = next_bundle {
            publish.bundle.send_replace(bundle);
        }
        publish.height.send_replace(height);
    }

    async fn position_at(&self, height: u64) -> Result<Option<Position>, ledger::Error> {
        let number = height.saturating_sub(1);
        let last = blocking(&self.ledger, move |ledger| ledger.block(number)).await?;
        Ok(last.map(|last| Position {
            height,
            last_block_hash: hex::encode(last.header_hash()),
        }))
    }
}

fn encode(members: &Members) -> Result<Bytes, serde_json::Error> {
    serde_json::to_vec(members).map(Bytes::from)
}

/// Applying failed: a disk or a bug. Raft stops, and the channel with it.
fn failed<E: std::error::Error + 'static>(
    log_id: LogId<u64>,
) -> impl FnOnce(E) -> StorageIOError<u64> {
    move |error| StorageIOError::apply(log_id, &error)
}

impl RaftStateMachine<TypeConfig> for StateMachine {
    type SnapshotBuilder = SnapshotBuilder;

    async fn applied_state(
        &mut self,
    ) -> Result<(Option<LogId<u64>>, StoredMembership<u64, BasicNode>), Failure> {
        Ok((self.applied, self.members.clone()))
    }

    async fn apply<I>(&mut self, entries: I) -> Result<Vec<Applied>, Failure>
    where
        I: IntoIterator<Item = Entry<TypeConfig>> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let mut results = Vec::new();
        for entry in entries {
            results.push(self.apply_entry(entry).await?);
        }
        Ok(results)
    }

    async fn get_snapshot_builder(&mut self) -> SnapshotBuilder {
        let height = self.writer.last_number().saturating_add(1);
        let position = self.position_at(height).await;
        SnapshotBuilder {
            position: position.map_err(|error| error.to_string()),
            applied: self.applied,
            members: self.members.clone(),
        }
    }

    async fn begin_receiving_snapshot(&mut self) -> Result<Box<Cursor<Vec<u8>>>, Failure> {
        Ok(Box::default())
    }

    /// Takes another orderer's position for this one's, if this one already has its blocks.
    async fn install_snapshot(
        &mut self,
        meta: &SnapshotMeta<u64, BasicNode>,
        snapshot: Box<Cursor<Vec<u8>>>,
    ) -> Result<(), Failure> {
        let signature = Some(meta.signature());
        let data = snapshot.into_inner();
        let theirs: Position = serde_json::from_slice(&data)
            .map_err(|error| StorageIOError::read_snapshot(signature.clone(), &error))?;
        let ours = self.position_at(theirs.height).await;
        let ours =
            ours.map_err(|error| StorageIOError::read_snapshot(signature.clone(), &error))?;
        if ours.as_ref() != Some(&theirs) {
            let missing = MissingBlocks {
                height: theirs.height,
            };
            return Err(StorageIOError::write_snapshot(signature, &missing).into());
        }
        let members = encode(&meta.last_membership)
            .map_err(|error| StorageIOError::write_snapshot(signature.clone(), &error))?;
        let id = meta.last_log_id.map(entry::to_stored_id);
        let installed = blocking(&self.ledger, move |ledger| ledger.install(id, &members)).await;
        installed.map_err(|error| StorageIOError::write_snapshot(signature, &error))?;
        self.applied = meta.last_log_id;
        self.members = meta.last_membership.clone();
        self.snapshot = Some((meta.clone(), data));
        Ok(())
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<Snapshot<TypeConfig>>, Failure> {
        Ok(self.snapshot.clone().map(|(meta, data)| Snapshot {
            meta,
            snapshot: Box::new(Cursor::new(data)),
        }))
    }
}

/// Why a snapshot cannot be taken over.
#[derive(Debug, thiserror::Error)]
#[error(
    "the snapshot stands at height {height}, and this orderer does not hold that chain; its blocks must be fetched first"
)]
struct MissingBlocks {
    height: u64,
}

/// A snapshot in the making. There is nothing to gather: blocks stay where they are.
pub(crate) struct SnapshotBuilder {
    position: Result<Option<Position>, String>,
    applied: Option<LogId<u64>>,
    members: Members,
}

/// Why a snapshot could not be built.
#[derive(Debug, thiserror::Error)]
#[error("the last block cannot be read: {0}")]
struct Unreadable(String);

impl RaftSnapshotBuilder<TypeConfig> for SnapshotBuilder {
    async fn build_snapshot(&mut self) -> Result<Snapshot<TypeConfig>, Failure> {
        let failed =
            |reason: &str| StorageIOError::read_state_machine(&Unreadable(reason.to_owned()));
        let position = match &self.position {
            Ok(Some(position)) => position,
            Ok(None) => return Err(failed("it is not there").into()),
            Err(reason) => return Err(failed(reason).into()),
        };
        let data = serde_json::to_vec(position).map_err(|error| failed(&error.to_string()))?;
        let meta = SnapshotMeta {
            last_log_id: self.applied,
            last_membership: self.members.clone(),
            snapshot_id: position.last_block_hash.clone(),
        };
        Ok(Snapshot {
            meta,
            snapshot: Box::new(Cursor::new(data)),
        })
    }
}
