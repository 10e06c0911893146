//! Taking up a channel: from a ledger to a running Raft group and the handles that others use.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use channel::{Bundle, OrdererConfig};
use delivery::{BlockSource, SourceError};
use futures::FutureExt;
use ledger::OrdererLedger;
use model::{Block, ChannelId};
use openraft::{BasicNode, Raft, SnapshotPolicy};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    ChainTask, Config, Error,
    blocking::blocking,
    chain::Settings,
    consenter::{LogStore, Network, Publish, StateMachine, TypeConfig},
    intake::intake,
    node::Node,
    pace::Gaps,
    recent_blocks::RecentBlocks,
    registry::Channel,
};

/// `ConsensusType.type` of a channel that is ordered by Raft.
const RAFT: &str = "etcdraft";
/// Blocks read from one ledger at the same time; it has more readers than that.
const READS_MAX: usize = 16;

/// Takes up the channel of a ledger.
pub(crate) async fn open(
    node: &Node,
    ledger: OrdererLedger,
) -> Result<(Channel, ChainTask), Error> {
    let (last, bundle) = end_of_chain(node, &ledger).await?;
    let channel_id = bundle.channel_id().clone();
    let place = own_place(&bundle, &node.config().tls_certificate_pem)?;
    let settings = settings(node.config());
    let members = members(bundle.orderer());
    let (bundle_sender, bundle) = watch::channel(Arc::new(bundle));
    let (height_sender, height) = watch::channel(last.number.saturating_add(1));
    let recent = Arc::new(RecentBlocks::default());
    let publish = Publish {
        bundle: bundle_sender,
        height: height_sender,
        recent: Arc::clone(&recent),
        metrics: Arc::clone(node.metrics()),
    };
    let signing = node.admission().clone();
    let state_machine = StateMachine::open(ledger.clone(), &last, signing, publish).await?;
    let raft = start_raft(
        node.config(),
        &channel_id,
        place,
        members,
        &ledger,
        state_machine,
    )
    .await?;
    let config = node.config();
    let metrics = Arc::clone(node.metrics());
    let (intake, submissions) = intake(config.queue_messages_max, config.queue_kib_max, metrics);
    let failed = CancellationToken::new();
    let channel = Channel {
        intake,
        source: BlockSource {
            channel: channel_id.clone(),
            height,
            bundle: bundle.clone(),
            read: read_blocks(ledger.clone(), recent),
            failed: failed.clone(),
        },
        ledger,
    };
    let task = ChainTask {
        channel: channel_id,
        raft,
        submissions,
        bundle,
        admission: node.admission().clone(),
        settings,
        stopping: node.stopping().clone(),
        failed,
        metrics: Arc::clone(node.metrics()),
    };
    Ok((channel, task))
}

/// The newest block, and the configuration it stands under.
async fn end_of_chain(node: &Node, ledger: &OrdererLedger) -> Result<(Block, Bundle), Error> {
    let damaged = |what: String| Error::Damaged { what };
    let last = read_block(ledger, ledger.height().saturating_sub(1)).await?;
    let config_index = last
        .last_config_index()
        .map_err(|error| damaged(error.to_string()))?;
    let config_block = read_block(ledger, config_index).await?;
    let bundle = Bundle::from_block(&config_block, node.memo())
        .map_err(|error| damaged(format!("configuration block {config_index}: {error}")))?;
    Ok((last, bundle))
}

async fn read_block(ledger: &OrdererLedger, number: u64) -> Result<Block, Error> {
    let block = blocking(ledger, move |ledger| ledger.block(number)).await;
    let block = block.map_err(Error::ledger("read a block"))?;
    block.ok_or_else(|| Error::Damaged {
        what: format!("block {number} is missing"),
    })
}

/// This node's place among the consenters, from 0, found by its TLS certificate.
///
/// # Errors
/// [`Error::OtherConsensus`] and [`Error::NotConsenter`].
pub(crate) fn own_place(bundle: &Bundle, tls_certificate_pem: &[u8]) -> Result<usize, Error> {
    let (channel, orderer) = (bundle.channel_id().clone(), bundle.orderer());
    if orderer.consensus_type != RAFT {
        let kind = orderer.consensus_type.clone();
        return Err(Error::OtherConsensus { channel, kind });
    }
    let own = without_spaces(tls_certificate_pem);
    let is_own = |pem: &[u8]| without_spaces(pem) == own;
    let place = orderer.consenters.iter().position(|consenter| {
        is_own(&consenter.server_tls_cert) || is_own(&consenter.client_tls_cert)
    });
    place.ok_or(Error::NotConsenter { channel })
}

/// PEM text by which two copies of a certificate are the same, however their lines end.
fn without_spaces(pem: &[u8]) -> Vec<u8> {
    pem.iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect()
}

/// The Raft id of the consenter at `place`.
fn raft_id(place: usize) -> u64 {
    u64::try_from(place).unwrap_or(u64::MAX).saturating_add(1)
}

fn members(orderer: &OrdererConfig) -> BTreeMap<u64, BasicNode> {
    let consenters = orderer.consenters.iter().enumerate();
    consenters
        .map(|(place, consenter)| {
            let address = format!("{}:{}", consenter.host, consenter.port);
            (raft_id(place), BasicNode::new(address))
        })
        .collect()
}

fn settings(config: &Config) -> Settings {
    Settings {
        gaps: Gaps {
            min: Duration::from_millis(config.block_gap_min_ms),
            max: Duration::from_millis(config.block_gap_max_ms),
        },
        drain_timeout: config.drain_timeout,
        leader_patience: config.leader_patience,
    }
}

async fn start_raft(
    config: &Config,
    channel: &ChannelId,
    place: usize,
    members: BTreeMap<u64, BasicNode>,
    ledger: &OrdererLedger,
    state_machine: StateMachine,
) -> Result<Raft<TypeConfig>, Error> {
    let failed = |reason: String| Error::Raft {
        channel: channel.clone(),
        reason,
    };
    let raft_config = raft_config(config, channel, place).map_err(failed)?;
    // Asked of the ledger: Raft may have stopped already over what it found there, which is the channel's task to tell.
    let fresh = blocking(ledger, |ledger| {
        Ok(ledger.last_log()?.is_none() && ledger.vote()?.is_none())
    });
    let fresh = fresh
        .await
        .map_err(Error::ledger("tell its last log entry"))?;
    let log = LogStore::new(ledger.clone());
    let raft = Raft::new(
        raft_id(place),
        Arc::new(raft_config),
        Network,
        log,
        state_machine,
    )
    .await
    .map_err(|error| failed(error.to_string()))?;
    if fresh {
        // Every consenter begins with the same members, the genesis block's.
        raft.initialize(members)
            .await
            .map_err(|error| failed(error.to_string()))?;
    }
    Ok(raft)
}

fn raft_config(
    config: &Config,
    channel: &ChannelId,
    place: usize,
) -> Result<openraft::Config, String> {
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let step = millis(config.raft_election_step).max(1);
    let later = step.saturating_mul(u64::try_from(place).unwrap_or(u64::MAX));
    let election_timeout_min = millis(config.raft_election_min).saturating_add(later);
    openraft::Config {
        cluster_name: channel.as_str().to_owned(),
        heartbeat_interval: millis(config.raft_heartbeat),
        election_timeout_min,
        election_timeout_max: election_timeout_min.saturating_add(step),
        // The log is the chain: nothing of it is ever dropped.
        snapshot_policy: SnapshotPolicy::Never,
        ..openraft::Config::default()
    }
    .validate()
    .map_err(|error| error.to_string())
}

/// Reads blocks for those who deliver them; from memory if they are new, else a few at a time from the disk.
fn read_blocks(ledger: OrdererLedger, recent: Arc<RecentBlocks>) -> Arc<delivery::ReadBlock> {
    let reads = Arc::new(Semaphore::new(READS_MAX));
    Arc::new(move |number| {
        let (ledger, reads) = (ledger.clone(), Arc::clone(&reads));
        let kept = recent.get(number);
        async move {
            if kept.is_some() {
                return Ok(kept);
            }
            let _turn = reads.acquire().await?;
            let block = blocking(&ledger, move |ledger| ledger.block(number)).await;
            block.map_err(SourceError::from)
        }
        .boxed()
    })
}
