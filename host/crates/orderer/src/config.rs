use std::time::Duration;

use bytes::Bytes;

/// Settings of one orderer node. What a channel's configuration says (batch sizes, consenters) is not here.
#[derive(Clone, Debug)]
pub struct Config {
    /// PEM TLS certificate that this node serves with: by it the node finds itself among a channel's consenters.
    pub tls_certificate_pem: Bytes,
    /// Time between two blocks that no rule of Fabric's asks for, in milliseconds, up to 100 messages a second.
    pub block_gap_min_ms: u64,
    /// The same from 1,000 messages a second on; between the two rates it grows in a straight line.
    pub block_gap_max_ms: u64,
    /// Messages of one broadcast stream that are read ahead of their answers.
    pub stream_messages_max: usize,
    /// Messages of one broadcast stream that are checked at the same time.
    pub stream_checks_max: usize,
    /// Broadcast streams at the same time; one more is refused.
    pub broadcast_streams_max: usize,
    /// Messages of one channel that are accepted and not yet ordered; one more is answered SERVICE_UNAVAILABLE.
    pub queue_messages_max: usize,
    /// Their size in KiB, at most.
    pub queue_kib_max: usize,
    /// Good signatures remembered, over all channels.
    pub signature_memo_entries: usize,
    /// How long accepted messages may take to be ordered once the node is told to stop.
    pub drain_timeout: Duration,
    /// How long a channel waits at its start for a Raft leader before it begins to refuse messages.
    pub leader_patience: Duration,
    /// Time between two heartbeats of a Raft leader.
    pub raft_heartbeat: Duration,
    /// Time without heartbeats after which the first consenter of a channel stands for election.
    pub raft_election_min: Duration,
    /// What each later consenter waits longer than the one before it: openraft 0.9 draws its timeout once for the life
    /// of a process, so ranges that overlap could tie for ever.
    pub raft_election_step: Duration,
    /// Limits of deliver streams.
    pub deliver: delivery::Config,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            tls_certificate_pem: Bytes::new(),
            block_gap_min_ms: 2,
            block_gap_max_ms: 50,
            stream_messages_max: 1_000,
            stream_checks_max: 8,
            broadcast_streams_max: 2_500,
            queue_messages_max: 10_000,
            queue_kib_max: 256 * 1024,
            signature_memo_entries: 50_000,
            drain_timeout: Duration::from_secs(5),
            leader_patience: Duration::from_secs(3),
            raft_heartbeat: Duration::from_millis(500),
            raft_election_min: Duration::from_secs(5),
            raft_election_step: Duration::from_secs(1),
            deliver: delivery::Config::default(),
        }
    }
}
