//! The connection to a peer, and the identity that speaks over it.

use std::time::Duration;

use msp::{Signer as _, SigningIdentity};
use services::gateway::gateway_client::GatewayClient;
use services::protos::endorser_client::EndorserClient;
use services::weft::inspect_client::InspectClient;
use services::{Endpoint, MESSAGE_SIZE_BYTES_MAX};
use tonic::transport::Channel;

use super::{ClientError, PeerAddress, Profile, Sources};

/// A client: one identity, one channel, one peer. The connection opens at the first call.
pub(crate) struct Client {
    pub(super) signer: SigningIdentity,
    pub(super) channel_id: String,
    pub(super) address: String,
    pub(super) sources: Sources,
    pub(super) connection: Channel,
}

impl Client {
    /// A client of the profile's own peer.
    ///
    /// # Errors
    /// [`ClientError::Identity`], [`ClientError::TlsRoots`], [`ClientError::Dial`].
    pub(crate) fn new(profile: &Profile, sources: Sources) -> Result<Self, ClientError> {
        Self::of_peer(profile, &profile.peer, sources)
    }

    /// A client of another peer, in the profile's name.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub(crate) fn of_peer(
        profile: &Profile,
        peer: &PeerAddress,
        sources: Sources,
    ) -> Result<Self, ClientError> {
        let folder = &profile.msp_folder;
        let signer = SigningIdentity::from_folder(folder, &profile.msp_id).map_err(|source| {
            ClientError::Identity {
                folder: folder.clone(),
                source,
            }
        })?;
        let tls_roots_pem = match &peer.tls_ca {
            None => Vec::new(),
            Some(path) => std::fs::read(path).map_err(|source| ClientError::TlsRoots {
                path: path.clone(),
                source,
            })?,
        };
        let endpoint = Endpoint {
            address: peer.address.clone(),
            tls_roots_pem,
            ..Endpoint::default()
        };
        Ok(Self {
            signer,
            channel_id: profile.channel.clone(),
            address: peer.address.clone(),
            sources,
            connection: endpoint.connect_lazy()?,
        })
    }

    /// The organisation in whose name it speaks.
    pub(crate) fn msp_id(&self) -> &str {
        self.signer.msp_id()
    }

    /// The channel it speaks about.
    pub(crate) fn channel_id(&self) -> &str {
        &self.channel_id
    }

    /// The identity it signs with.
    pub(crate) fn identity(&self) -> &SigningIdentity {
        &self.signer
    }

    pub(super) fn gateway(&self) -> GatewayClient<Channel> {
        GatewayClient::new(self.connection.clone())
            .max_decoding_message_size(MESSAGE_SIZE_BYTES_MAX)
    }

    pub(super) fn endorser(&self) -> EndorserClient<Channel> {
        EndorserClient::new(self.connection.clone())
            .max_decoding_message_size(MESSAGE_SIZE_BYTES_MAX)
    }

    pub(super) fn inspect(&self) -> InspectClient<Channel> {
        InspectClient::new(self.connection.clone())
    }

    /// The same, for answers of many entries.
    pub(super) fn pages(&self) -> InspectClient<Channel> {
        self.inspect()
            .max_decoding_message_size(MESSAGE_SIZE_BYTES_MAX)
    }

    /// Makes an error of a refused call.
    pub(super) fn failed(&self, call: &'static str) -> impl Fn(tonic::Status) -> ClientError {
        let address = self.address.clone();
        move |status| ClientError::Call {
            call,
            address: address.clone(),
            status: Box::new(status),
        }
    }
}

/// A request that the peer must answer within `patience`.
pub(super) fn within<M>(patience: Duration, message: M) -> tonic::Request<M> {
    let mut request = tonic::Request::new(message);
    request.set_timeout(patience);
    request
}
