//! A request for blocks, to an orderer or a peer.
//!
//! The first byte says what the rest is: the envelope, what is signed of it, or only what is sought; and in which form.

use std::sync::Arc;

use bytes::Bytes;
use delivery::{Access, BlockSource, ClientTls, Config, Deliver, Output};
use futures::{StreamExt as _, stream};
use model::Block;
use model::client::Sender;
use msp::Signer as _;
use prost::Message as _;
use proto::common::Envelope;
use proto::orderer::{
    SeekInfo, SeekPosition, SeekSpecified, deliver_response, seek_position::Type,
};
use proto::protos;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::network::{CHANNEL, NOW, network};
use crate::{peer, recorded};

const BLOCKS: u64 = 5;

pub(super) fn run(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    let rest = Bytes::copy_from_slice(rest);
    let envelope = match kind % 3 {
        0 => Envelope::decode(rest).ok(),
        1 => Some(signed(rest)),
        _ => SeekInfo::decode(rest)
            .ok()
            .map(|seek| signed(sender().seek(CHANNEL, &seek, None))),
    };
    let Some(envelope) = envelope else {
        return;
    };
    let tls = match kind / 3 % 4 {
        0 => ClientTls::Mutual(Some([7; 32])),
        _ => ClientTls::NotMutual,
    };
    match kind / 12 % 3 {
        0 => deliver(
            envelope,
            tls,
            Output::orderer_blocks(),
            |answer| match answer.r#type? {
                deliver_response::Type::Block(block) => Some(block.header?.number),
                deliver_response::Type::Status(_) => None,
            },
        ),
        1 => deliver(envelope, tls, Output::peer_blocks(), of_peer),
        _ => deliver(envelope, tls, Output::filtered_blocks(), of_peer),
    }
}

fn of_peer(answer: protos::DeliverResponse) -> Option<u64> {
    match answer.r#type? {
        protos::deliver_response::Type::Block(block) => Some(block.header?.number),
        protos::deliver_response::Type::FilteredBlock(block) => Some(block.number),
        _ => None,
    }
}

/// Blocks come one after the other, each once, and only those there are; statuses between them.
fn deliver<R: Send + 'static>(
    envelope: Envelope,
    tls: ClientTls,
    output: Output<R>,
    number: fn(R) -> Option<u64>,
) {
    let (numbers, into) = (
        Arc::new(std::sync::Mutex::new(Vec::new())),
        watch::channel(BLOCKS),
    );
    let heard = Arc::clone(&numbers);
    let height = into.1;
    let ended = peer::ask(move |_| async move {
        let stopping = CancellationToken::new();
        let server = server(height, &stopping);
        let requests = Box::pin(stream::iter([Ok(envelope)]));
        let access = Access::Policy("/Channel/Readers");
        let answers = server
            .stream(requests, tls, access, output)
            .expect("it is the only stream");
        let mut answers = Box::pin(answers);
        while let Some(answer) = answers.next().await {
            if let Ok(answer) = answer {
                heard.lock().unwrap().extend(number(answer));
            }
        }
    });
    drop(into.0);
    let _ = ended;
    let numbers = numbers.lock().unwrap();
    assert!(numbers.iter().all(|number| *number < BLOCKS), "{numbers:?}");
    assert!(
        numbers.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{numbers:?}"
    );
}

fn server(height: watch::Receiver<u64>, stopping: &CancellationToken) -> Deliver {
    let bundle = Arc::clone(&network().bundle);
    let source = BlockSource {
        channel: bundle.channel_id().clone(),
        height,
        bundle: watch::channel(bundle).1,
        read: Arc::new(|number| Box::pin(async move { Ok(block(number)) })),
        failed: CancellationToken::new(),
    };
    let find = move |name: &str| (name == CHANNEL).then(|| source.clone());
    let clock = Arc::new(|| NOW.seconds);
    Deliver::new(
        Config::default(),
        Arc::new(find),
        clock,
        TaskTracker::new(),
        stopping.clone(),
    )
}

/// The genesis block, then blocks of which some entries are no envelopes.
fn block(number: u64) -> Option<Block> {
    let entry = Bytes::from_static(b"\x0a\x01\x00\x12\x01\x00");
    match number {
        0 => Some(network().genesis.clone()),
        1..BLOCKS => Some(Block::new(number, Bytes::new(), vec![entry])),
        _ => None,
    }
}

fn sender() -> Sender {
    Sender {
        creator: network().members[0][1].identity().clone(),
        nonce: [8; 24],
        timestamp: NOW,
    }
}

fn signed(payload: Bytes) -> Envelope {
    Envelope {
        signature: network().members[0][1]
            .sign(&payload)
            .expect("our key signs"),
        payload,
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let specified = |number| SeekPosition {
        r#type: Some(Type::Specified(SeekSpecified { number })),
    };
    let seek = SeekInfo {
        start: Some(specified(0)),
        stop: Some(specified(4)),
        ..SeekInfo::default()
    };
    let payload = sender().seek(CHANNEL, &seek, Some([7; 32]));
    let mut seeds = Vec::new();
    let mut add = |kind: u8, bytes: &[u8]| seeds.push([&[kind], bytes].concat());
    for form in [0, 12, 24] {
        add(form, &signed(payload.clone()).encode_to_vec());
        add(form + 4, &payload);
        add(form + 5, &seek.encode_to_vec());
    }
    if let Some(recorded) = recorded::message("Envelope_seek") {
        add(3, &recorded);
    }
    seeds
}
