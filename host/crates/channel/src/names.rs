//! The names of groups, values and policies in the configuration tree, as Fabric's `channelconfig` package defines them.

/// The root group; policy paths begin with it.
pub(crate) const CHANNEL: &str = "Channel";
/// The group of the ordering service.
pub(crate) const ORDERER: &str = "Orderer";
/// The group of the organisations that run chaincode.
pub(crate) const APPLICATION: &str = "Application";

/// Value of all three levels: the capabilities a node must have.
pub(crate) const CAPABILITIES: &str = "Capabilities";

pub(crate) const HASHING_ALGORITHM: &str = "HashingAlgorithm";
pub(crate) const BLOCK_DATA_HASHING_STRUCTURE: &str = "BlockDataHashingStructure";
pub(crate) const ORDERER_ADDRESSES: &str = "OrdererAddresses";
pub(crate) const CONSORTIUM: &str = "Consortium";

pub(crate) const CONSENSUS_TYPE: &str = "ConsensusType";
pub(crate) const BATCH_SIZE: &str = "BatchSize";
pub(crate) const BATCH_TIMEOUT: &str = "BatchTimeout";
pub(crate) const CHANNEL_RESTRICTIONS: &str = "ChannelRestrictions";
pub(crate) const KAFKA_BROKERS: &str = "KafkaBrokers";
pub(crate) const ORDERERS: &str = "Orderers";

pub(crate) const MSP: &str = "MSP";
pub(crate) const ENDPOINTS: &str = "Endpoints";
pub(crate) const ANCHOR_PEERS: &str = "AnchorPeers";
pub(crate) const ACLS: &str = "ACLs";

pub(crate) const ADMINS: &str = "Admins";
pub(crate) const READERS: &str = "Readers";
pub(crate) const WRITERS: &str = "Writers";
pub(crate) const ENDORSEMENT: &str = "Endorsement";
pub(crate) const LIFECYCLE_ENDORSEMENT: &str = "LifecycleEndorsement";
pub(crate) const BLOCK_VALIDATION: &str = "BlockValidation";

/// The consensus type of a Raft ordering service.
pub(crate) const ETCDRAFT: &str = "etcdraft";
