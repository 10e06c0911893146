//! The peers and orderers a gateway can turn to, and the connections to them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ::channel::Bundle;
use futures::future::BoxFuture;
use proto::protos::{ProposalResponse, SignedProposal};
use services::protos::endorser_client::EndorserClient;
use services::{Endpoint, MESSAGE_SIZE_BYTES_MAX, MIN_HEIGHT_METADATA};
use tonic::transport::Channel;
use tonic::{Response, Status};

use crate::line::{Lifetime, Line};

/// Answers a proposal in this process. As another peer's answers do, its answers of status 400 or above carry an error code in
/// their metadata.
pub type Process = dyn Fn(SignedProposal) -> BoxFuture<'static, Result<Response<ProposalResponse>, Status>>
    + Send
    + Sync;

/// The peer's own endorser.
#[derive(Clone)]
pub struct LocalEndorser {
    /// Endorses.
    pub endorse: Arc<Process>,
    /// Answers without endorsing.
    pub query: Arc<Process>,
}

/// What a peer is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// An endorsement.
    Endorsement,
    /// The answer alone. Fabric's service has one call for both, so other peers sign all the same.
    Answer,
}

/// A peer beside the channels' anchor peers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPeer {
    /// `host:port`.
    pub address: String,
    /// Its organisation.
    pub msp_id: String,
}

/// A peer that can be asked to endorse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Peer {
    pub(crate) address: String,
    pub(crate) msp_id: String,
    /// Whether it is this process's own.
    pub(crate) is_local: bool,
}

/// All nodes a gateway knows.
pub(crate) struct Nodes {
    own: Peer,
    local: LocalEndorser,
    known: Vec<KnownPeer>,
    client_pem: Option<(Vec<u8>, Vec<u8>)>,
    connections_max: usize,
    connections: Mutex<HashMap<(String, Vec<u8>), Connection>>,
    lifetime: Lifetime,
}

/// A connection to a node, and the line to it if it is an orderer that something was sent to.
struct Connection {
    channel: Channel,
    line: Option<Line>,
}

impl Nodes {
    pub(crate) fn new(
        own: KnownPeer,
        local: LocalEndorser,
        known: Vec<KnownPeer>,
        client_pem: Option<(Vec<u8>, Vec<u8>)>,
        connections_max: usize,
        lifetime: Lifetime,
    ) -> Self {
        let own = Peer {
            address: own.address,
            msp_id: own.msp_id,
            is_local: true,
        };
        Self {
            own,
            local,
            known,
            client_pem,
            connections_max,
            connections: Mutex::default(),
            lifetime,
        }
    }

    /// The peer whose gateway this is.
    pub(crate) fn own(&self) -> &Peer {
        &self.own
    }

    /// The channel's peers: this one first, then its organisation's others, then the other organisations'.
    pub(crate) fn peers(&self, bundle: &Bundle) -> Vec<Peer> {
        let mut peers = vec![self.own.clone()];
        let anchors = bundle.application().orgs.iter().flat_map(|org| {
            let address =
                |anchor: &::channel::AnchorPeer| format!("{}:{}", anchor.host, anchor.port);
            org.anchor_peers
                .iter()
                .map(move |anchor| (address(anchor), org.msp_id.clone()))
        });
        let known = self
            .known
            .iter()
            .map(|peer| (peer.address.clone(), peer.msp_id.clone()));
        for (address, msp_id) in anchors.chain(known) {
            let is_member = bundle.application().org_of_msp(&msp_id).is_some();
            if is_member && peers.iter().all(|peer| peer.address != address) {
                peers.push(Peer {
                    address,
                    msp_id,
                    is_local: false,
                });
            }
        }
        peers.sort_by_key(|peer| (!peer.is_local, peer.msp_id != self.own.msp_id));
        peers
    }

    /// Asks one peer to simulate. Another peer is told how far this one is, so that it does not simulate on less than
    /// what the client may have seen here. The answer's metadata may name an error code.
    pub(crate) async fn process(
        &self,
        bundle: &Bundle,
        peer: &Peer,
        wanted: Wanted,
        proposal: SignedProposal,
        height: u64,
    ) -> Result<Response<ProposalResponse>, Status> {
        if peer.is_local {
            return match wanted {
                Wanted::Endorsement => (self.local.endorse)(proposal).await,
                Wanted::Answer => (self.local.query)(proposal).await,
            };
        }
        let connection = self.connect(bundle, &peer.address, Some(&peer.msp_id))?;
        let mut client = EndorserClient::new(connection)
            .max_decoding_message_size(MESSAGE_SIZE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_SIZE_BYTES_MAX);
        let mut request = tonic::Request::new(proposal);
        request
            .metadata_mut()
            .insert(MIN_HEIGHT_METADATA, height.into());
        client.process_proposal(request).await
    }

    /// The connection to a node of an organisation; without one, of any of the channel's.
    fn connect(
        &self,
        bundle: &Bundle,
        address: &str,
        msp_id: Option<&str>,
    ) -> Result<Channel, Status> {
        self.with_connection(bundle, address, msp_id, |connection| {
            connection.channel.clone()
        })
    }

    /// The line to an orderer, which transactions share.
    pub(crate) fn line(
        &self,
        bundle: &Bundle,
        address: &str,
        msp_id: Option<&str>,
    ) -> Result<Line, Status> {
        self.with_connection(bundle, address, msp_id, |connection| {
            let open = connection.line.take().filter(Line::is_open);
            let line =
                open.unwrap_or_else(|| Line::shared(connection.channel.clone(), &self.lifetime));
            connection.line.insert(line).clone()
        })
    }

    /// A line to an orderer for one transaction.
    pub(crate) fn own_line(
        &self,
        bundle: &Bundle,
        address: &str,
        msp_id: Option<&str>,
    ) -> Result<Line, Status> {
        let connection = self.connect(bundle, address, msp_id)?;
        Ok(Line::own(connection, &self.lifetime))
    }

    fn with_connection<T>(
        &self,
        bundle: &Bundle,
        address: &str,
        msp_id: Option<&str>,
        take: impl FnOnce(&mut Connection) -> T,
    ) -> Result<T, Status> {
        let key = (address.to_owned(), bundle.tls_roots_pem(msp_id));
        let mut connections = self
            .connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(connection) = connections.get_mut(&key) {
            return Ok(take(connection));
        }
        let endpoint = Endpoint {
            address: address.to_owned(),
            tls_roots_pem: key.1.clone(),
            tls_name: None,
            client_pem: self.client_pem.clone(),
        };
        let channel = endpoint
            .connect_lazy()
            .map_err(|error| Status::unavailable(error.to_string()))?;
        if connections.len() >= self.connections_max {
            connections.clear(); // addresses come from configurations: so many mean that most are old
        }
        let connection = Connection {
            channel,
            line: None,
        };
        Ok(take(connections.entry(key).or_insert(connection)))
    }
}
