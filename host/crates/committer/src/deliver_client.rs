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
use tokio::sync::mpsc;
use tonic::Streaming;
use tracing::{info, warn};

use crate::accept::accept;
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

/// Where the stream stands; moved only by the task that receives.
struct Position {
    next: u64,
    previous: Digest,
}

/// Receives blocks for ever and hands on those that follow the chain, one after the other.
///
/// Asks the channel's orderers in turn; a block that does not follow makes it turn to the next one. Returns when nobody
/// takes the blocks any more.
///
/// # Errors
/// [`Error::Ledger`] at the start. A failing orderer is no error.
pub(crate) async fn receive(
    channel: Channel,
    asker: Asker,
    config: Config,
    blocks: mpsc::Sender<Block>,
) -> Result<(), Error> {
    let info = channel.ledger().info()?;
    let previous = info.last_hash.as_ref().try_into().unwrap_or_default();
    let mut position = Position {
        next: info.height,
        previous,
    };
    let mut pause = config.retry_pause;
    let mut turn = 0_usize;
    while !blocks.is_closed() {
        let before = position.next;
        let endpoints = endpoints(&channel.bundle(), &asker);
        let ended = match endpoints.get(turn % endpoints.len().max(1)) {
            Some(endpoint) => follow(&channel, &asker, endpoint, &mut position, &blocks).await,
            None => Err(Error::Ask(
                "the channel's configuration names no orderer".to_owned(),
            )),
        };
        if blocks.is_closed() {
            break;
        }
        if position.next > before {
            pause = config.retry_pause;
        }
        if let Err(error) = ended {
            let address = endpoints
                .get(turn % endpoints.len().max(1))
                .map_or("", |endpoint| &endpoint.address);
            warn!(channel = %channel.id(), orderer = address, next = position.next, error = %text(&error), "stream of blocks ended");
        }
        turn = turn.wrapping_add(1);
        wait(&blocks, pause).await;
        pause = (pause * 2).min(config.retry_pause_max);
    }
    Ok(())
}

async fn wait(blocks: &mpsc::Sender<Block>, pause: Duration) {
    tokio::select! {
        () = blocks.closed() => {}
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
    position: &mut Position,
    blocks: &mpsc::Sender<Block>,
) -> Result<(), Error> {
    let ask = |error: &dyn std::fmt::Display| Error::Ask(error.to_string());
    let connection = endpoint.connect_lazy().map_err(|error| ask(&error))?;
    let mut client =
        AtomicBroadcastClient::new(connection).max_decoding_message_size(MESSAGE_SIZE_BYTES_MAX);
    let request = seek(channel.id().as_str(), asker, position.next)?;
    // The request stream stays open as long as the answers are read: servers end the call with it.
    let requests =
        futures::StreamExt::chain(futures::stream::iter([request]), futures::stream::pending());
    let mut stream: Streaming<DeliverResponse> = client
        .deliver(requests)
        .await
        .map_err(|status| ask(&status))?
        .into_inner();
    info!(channel = %channel.id(), orderer = endpoint.address, next = position.next, "following the chain");
    loop {
        let message = tokio::select! {
            () = blocks.closed() => return Ok(()),
            message = stream.message() => message,
        };
        match message
            .map_err(|status| ask(&status))?
            .and_then(|response| response.r#type)
        {
            Some(Type::Block(block)) => hand_on(channel, block, position, blocks).await?,
            Some(Type::Status(status)) => {
                let name =
                    Status::try_from(status).map_or("unknown", |status| status.as_str_name());
                return Err(Error::Ask(format!("the orderer answered {name}")));
            }
            None => return Err(Error::Ask("the orderer ended the stream".to_owned())),
        }
    }
}

/// Checks a block and hands it on. After a configuration block it waits until that one is committed: the next block is
/// judged by the new configuration.
async fn hand_on(
    channel: &Channel,
    block: proto::common::Block,
    position: &mut Position,
    blocks: &mpsc::Sender<Block>,
) -> Result<(), Error> {
    let number = position.next;
    let block = Block::from_proto(block).map_err(|source| Error::Structure { number, source })?;
    accept(&block, number, &position.previous, &channel.bundle())?;
    let is_config = ::channel::is_config_block(&block);
    *position = Position {
        next: number + 1,
        previous: block.header_hash(),
    };
    if blocks.send(block).await.is_err() || !is_config {
        return Ok(());
    }
    let mut height = channel.ledger().watch_height();
    tokio::select! {
        () = blocks.closed() => {}
        // The sender of heights lives as long as the ledger, which `channel` holds.
        _ = height.wait_for(|height| *height > number) => {}
    }
    Ok(())
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
