//! How consenters reach each other.
//!
//! Groups of several nodes get their network with the issue that introduces them. Until then every other consenter is
//! out of reach, and is reported so: a group of one elects itself and works, a larger one finds no majority, and its
//! orderers answer SERVICE_UNAVAILABLE.

use openraft::{
    BasicNode, RaftNetwork, RaftNetworkFactory,
    error::{InstallSnapshotError, RPCError, RaftError, Unreachable},
    network::RPCOption,
    raft::{
        AppendEntriesRequest, AppendEntriesResponse, InstallSnapshotRequest,
        InstallSnapshotResponse, VoteRequest, VoteResponse,
    },
};

use super::TypeConfig;

/// Gives a connection to each other consenter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Network;

/// The connection to one other consenter.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    address: String,
}

/// Why nothing reaches another consenter.
#[derive(Debug, thiserror::Error)]
#[error("this orderer has no connection to consenter {address}")]
struct NoConnection {
    address: String,
}

impl Connection {
    fn unreachable(&self) -> Unreachable {
        let address = self.address.clone();
        Unreachable::new(&NoConnection { address })
    }
}

impl RaftNetworkFactory<TypeConfig> for Network {
    type Network = Connection;

    async fn new_client(&mut self, _target: u64, node: &BasicNode) -> Connection {
        let address = node.addr.clone();
        Connection { address }
    }
}

impl RaftNetwork<TypeConfig> for Connection {
    async fn append_entries(
        &mut self,
        _request: AppendEntriesRequest<TypeConfig>,
        _option: RPCOption,
    ) -> Result<AppendEntriesResponse<u64>, RPCError<u64, BasicNode, RaftError<u64>>> {
        Err(self.unreachable().into())
    }

    async fn install_snapshot(
        &mut self,
        _request: InstallSnapshotRequest<TypeConfig>,
        _option: RPCOption,
    ) -> Result<
        InstallSnapshotResponse<u64>,
        RPCError<u64, BasicNode, RaftError<u64, InstallSnapshotError>>,
    > {
        Err(self.unreachable().into())
    }

    async fn vote(
        &mut self,
        _request: VoteRequest<u64>,
        _option: RPCOption,
    ) -> Result<VoteResponse<u64>, RPCError<u64, BasicNode, RaftError<u64>>> {
        Err(self.unreachable().into())
    }
}
