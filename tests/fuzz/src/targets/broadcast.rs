//! A message to be ordered.
//!
//! The first byte says what the rest is: the envelope, or what is signed of it.

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use msp::Signer as _;
use orderer::{AtomicBroadcastService, Config, Orderer, Parts};
use prost::Message as _;
use proto::common::{Envelope, Status};
use proto::orderer::BroadcastResponse;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::transaction;
use crate::home::Home;
use crate::network::{NOW, fill, network};
use crate::recorded;

/// How long a channel may take until it orders.
const START: Duration = Duration::from_secs(30);

pub(super) fn run(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    let envelope = match kind % 2 {
        0 => Envelope::decode(rest).ok(),
        _ => Some(signed(Bytes::copy_from_slice(rest))),
    };
    let Some(envelope) = envelope else {
        return;
    };
    let is_empty = envelope.payload.is_empty();
    let Some(answer) = ask(envelope) else {
        return;
    };
    let status = Status::try_from(answer.status).expect("a status of Fabric's");
    assert_ne!(status, Status::InternalServerError, "{answer:?}");
    assert_eq!(
        status == Status::Success,
        answer.info.is_empty(),
        "{answer:?}"
    );
    assert!(status != Status::Success || !is_empty);
}

/// The orderer's answer; `None` if the message is still on its way.
fn ask(envelope: Envelope) -> Option<BroadcastResponse> {
    thread_local!(static HOME: OnceCell<Home<AtomicBroadcastService>> = const { OnceCell::new() });
    HOME.with(|home| {
        let home = home.get_or_init(|| Home::make(start));
        home.ask(|service| async move { broadcast(&service, envelope).await })?
    })
}

async fn broadcast(
    service: &AtomicBroadcastService,
    envelope: Envelope,
) -> Option<BroadcastResponse> {
    let answers = service.broadcast_stream(stream::iter([Ok(envelope)]));
    let mut answers = Box::pin(answers.expect("it is the only stream"));
    answers.next().await?.ok()
}

/// An orderer whose channel takes messages.
async fn start(folder: &TempDir) -> AtomicBroadcastService {
    let network = network();
    let node = Orderer::new(Parts {
        config: Config {
            tls_certificate_pem: network.orderer_tls.clone().into(),
            block_gap_min_ms: 0,
            block_gap_max_ms: 0,
            ..Config::default()
        },
        signer: network.orderer.clone(),
        clock: Arc::new(|| NOW.seconds),
        entropy: Arc::new(|bytes: &mut [u8]| fill(4)(bytes)),
        tasks: TaskTracker::new(),
        stopping: CancellationToken::new(),
    });
    let place = folder.path().join("orderer");
    let (channel, config) = (network.bundle.channel_id(), ledger::Config::default());
    let ledger = ledger::OrdererLedger::create(&place, channel, &network.genesis, config);
    let chain = node.add_channel(ledger.await.unwrap()).await.unwrap();
    drop(TaskTracker::new().spawn(chain.run()));
    let service = node.service();
    let first = async {
        let good = Envelope::decode(&transaction::endorsed()[..]).unwrap();
        while broadcast(&service, good.clone())
            .await
            .is_none_or(|answer| answer.status != 200)
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(START, first)
        .await
        .expect("the channel orders a good message");
    service
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
    let whole = transaction::endorsed();
    let payload = Envelope::decode(&whole[..]).unwrap().payload;
    let genesis = Envelope::decode(network().genesis.data[0].clone()).unwrap();
    let of = |kind: u8, bytes: &[u8]| [&[kind], bytes].concat();
    let mut seeds = vec![of(0, &whole), of(1, &payload), of(1, &genesis.payload)];
    seeds.push(of(1, &super::config::update().payload));
    seeds.extend(recorded::message("Envelope_tx").map(|recorded| of(0, &recorded)));
    seeds
}
