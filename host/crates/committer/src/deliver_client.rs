//! Step 13: the stream of blocks from the orderers.

use std::sync::Arc;
use std::time::Duration;

use ::channel::Bundle;
use joined::Channel;
use model::Block;
use model::client::{NONCE_BYTES, Sender};
use model::hash::Digest;
use msp::Signer;
use prost_types::Timestamp;
use proto::common::{Envelope, Status};
use proto::orderer::deliver_response::Type;
use proto::orderer::{
    DeliverResponse, SeekInfo, SeekPosition, SeekSpecified, seek_info::SeekBehavior, seek_position,
};
use services::orderer::atomic_broadcast_client::AtomicBroadcastClient;
use services::{Endpoint, MESSAGE_SIZE_BYTES_MAX};
use tonic::Streaming;
use tracing::{info, warn};

use crate::pipeline::Intake;
use crate::{Config, Error};

/// What a request to an orderer is made with: the peer's identity, its clock and its randomness.
#[derive(Clone)]
pub struct Asker {
    /// The peer itself.
    pub signer: Arc<dyn Signer>,
    /// The time now.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Fresh random bytes.
    pub nonce: Arc<dyn Fn() -> [u8; NONCE_BYTES] + Send + Sync>,
    /// PEM certificate and key that the peer shows to orderers that ask for one.
    pub client_pem: Option<(Vec<u8>, Vec<u8>)>,
    /// SHA-256 of that certificate in DER, which requests name.
    pub tls_cert_hash: Option<Digest>,
}

/// Receives blocks for ever and puts them into the pipeline, one after the other.
///
/// Asks the channel's orderers in turn; a block that does not follow makes it turn to the next one. Returns when nobody
/// takes the blocks any more. A failing orderer is no error.
pub(crate) async fn receive(channel: Channel, asker: Asker, config: Config, mut intake: Intake) {
    let mut pause = config.retry_pause;
    let mut turn = 0_usize;
    while !intake.is_closed() {
        let before = intake.next();
        let endpoints = endpoints(&channel.bundle(), &asker);
        let ended = match endpoints.get(turn % endpoints.len().max(1)) {
            Some(endpoint) => follow(&channel, &asker, endpoint, &mut intake).await,
            None => Err(Error::Ask(
                "the channel's configuration names no orderer".to_owned(),
            )),
        };
        if intake.is_closed() {
            break;
        }
        if intake.next() > before {
            pause = config.retry_pause;
        }
        if let Err(error) = ended {
            let address = endpoints
                .get(turn % endpoints.len().max(1))
                .map_or("", |endpoint| &endpoint.address);
            warn!(channel = %channel.id(), orderer = address, next = intake.next(), error = %text(&error), "stream of blocks ended");
        }
        turn = turn.wrapping_add(1);
        wait(&intake, pause).await;
        pause = (pause * 2).min(config.retry_pause_max);
    }
}

async fn wait(intake: &Intake, pause: Duration) {
    tokio::select! {
        () = intake.closed() => {}
        () = tokio::time::sleep(pause) => {}
    }
}

fn text(error: &Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

fn endpoints(bundle: &Bundle, asker: &Asker) -> Vec<Endpoint> {
    let endpoint = |found: ::channel::Endpoint| Endpoint {
        tls_roots_pem: bundle.tls_roots_pem(found.msp_id.as_deref()),
        address: found.address,
        tls_name: None,
        client_pem: asker.client_pem.clone(),
    };
    bundle
        .orderer_endpoints()
        .into_iter()
        .map(endpoint)
        .collect()
}

async fn follow(
    channel: &Channel,
    asker: &Asker,
    endpoint: &Endpoint,
    intake: &mut Intake,
) -> Result<(), Error> {
    let ask = |error: &dyn std::fmt::Display| Error::Ask(error.to_string());
    let connection = endpoint.connect_lazy().map_err(|error| ask(&error))?;
    let mut client =
        AtomicBroadcastClient::new(connection).max_decoding_message_size(MESSAGE_SIZE_BYTES_MAX);
    let request = seek(channel.id().as_str(), asker, intake.next())?;
    // The request stream stays open as long as the answers are read: servers end the call with it.
    let requests =
        futures::StreamExt::chain(futures::stream::iter([request]), futures::stream::pending());
    let mut stream: Streaming<DeliverResponse> = client
        .deliver(requests)
        .await
        .map_err(|status| ask(&status))?
        .into_inner();
    info!(channel = %channel.id(), orderer = endpoint.address, next = intake.next(), "following the chain");
    loop {
        let message = tokio::select! {
            () = intake.closed() => return Ok(()),
            message = stream.message() => message,
        };
        match message
            .map_err(|status| ask(&status))?
            .and_then(|response| response.r#type)
        {
            Some(Type::Block(block)) => {
                let number = intake.next();
                let structure = |source| Error::Structure { number, source };
                intake
                    .put(Block::from_proto(block).map_err(structure)?)
                    .await?;
            }
            Some(Type::Status(status)) => {
                let name =
                    Status::try_from(status).map_or("unknown", |status| status.as_str_name());
                return Err(Error::Ask(format!("the orderer answered {name}")));
            }
            None => return Err(Error::Ask("the orderer ended the stream".to_owned())),
        }
    }
}

fn seek(channel_id: &str, asker: &Asker, from: u64) -> Result<Envelope, Error> {
    let specified = |number| SeekPosition {
        r#type: Some(seek_position::Type::Specified(SeekSpecified { number })),
    };
    let seek = SeekInfo {
        start: Some(specified(from)),
        stop: Some(specified(u64::MAX)),
        behavior: SeekBehavior::BlockUntilReady.into(),
        ..SeekInfo::default()
    };
    let sender = Sender {
        creator: asker.signer.identity().clone(),
        nonce: (asker.nonce)(),
        timestamp: (asker.clock)(),
    };
    let payload = sender.seek(channel_id, &seek, asker.tls_cert_hash);
    let signature = asker
        .signer
        .sign(&payload)
        .map_err(|error| Error::Ask(error.to_string()))?;
    Ok(Envelope { payload, signature })
}
