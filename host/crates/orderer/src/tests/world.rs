//! Two organisations, a channel, and an orderer that can be stopped and started again on its files.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use channel::{
    Bundle, ChannelDescription,
    genesis::{ConsenterDescription, GenesisSeed, OrganizationDescription},
};
use delivery::ClientTls;
use futures::{Stream, StreamExt, stream};
use ledger::OrdererLedger;
use model::{Block, ChannelId, client::Sender};
use msp::{
    Role, SignatureMemo, Signer, SigningIdentity,
    ca::{Organization, Validity},
    folder::load_msp_config,
    policy::SignedData,
};
use prost::Message;
use prost_types::Timestamp;
use proto::{
    common::{self, ChannelHeader, Header, HeaderType, Payload, SignatureHeader, Status},
    orderer::{
        BroadcastResponse, DeliverResponse, SeekInfo, SeekPosition, SeekSpecified,
        deliver_response, seek_position,
    },
};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{Config, Error, Orderer, Parts};

/// The moment at which all tests happen.
pub(super) const NOW_S: i64 = 1_750_000_000;

/// Randomness that is the same in each run.
pub(super) fn random(seed: u64) -> impl FnMut(&mut [u8]) {
    let mut count = 0_u64;
    move |buffer: &mut [u8]| {
        for chunk in buffer.chunks_mut(32) {
            let parts = [seed.to_be_bytes(), count.to_be_bytes()];
            let block = model::hash::sha256_of(parts);
            chunk.copy_from_slice(&block[..chunk.len()]);
            count += 1;
        }
    }
}

pub(super) struct World {
    pub(super) folder: TempDir,
    /// A client of the application organisation.
    pub(super) client: SigningIdentity,
    /// A client whose certificate has run out.
    pub(super) expired: SigningIdentity,
    /// A client whose certificate holds for longer than all others.
    pub(super) lasting: SigningIdentity,
    /// A client of an organisation that the channel does not know.
    pub(super) stranger: SigningIdentity,
    /// Who may change the orderers' part of the configuration.
    pub(super) admin: SigningIdentity,
    pub(super) description: ChannelDescription,
    pub(super) config: Config,
    /// Who may change the application organisation's part of it.
    pub(super) org1_admin: SigningIdentity,
    /// The time, in seconds since 1970 UTC.
    pub(super) now_s: Arc<AtomicI64>,
    orderer: Arc<SigningIdentity>,
    nonces: AtomicU64,
}

impl World {
    pub(super) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let mut random = random(1);
        let validity = Validity::years(NOW_S, 10);
        let century = Validity::years(NOW_S, 100);
        let past = Validity {
            not_before: NOW_S - 1_000,
            not_after: NOW_S - 1,
        };
        let mut organization = |name: &str| {
            let organization = Organization::new(name, century, &mut random).unwrap();
            let root = folder.path().join(name);
            organization.write(&root).unwrap();
            let mut member = |name: &str, role, validity| {
                let member =
                    organization.write_member(&root, name, role, &[], validity, &mut random);
                member.unwrap()
            };
            let members = (
                member("node0", Role::Orderer, validity),
                member("Admin", Role::Admin, validity),
                member("User1", Role::Client, validity),
                member("User2", Role::Client, past),
                member("User3", Role::Client, century),
            );
            (root.join("msp"), members)
        };
        let (orderer_msp, (node, admin, ..)) = organization("ord.test");
        let (org1_msp, (_, org1_admin, user, late, lasting)) = organization("org1.test");
        let (_, (.., stranger, _, _)) = organization("org9.test");
        let sign = |folder: &PathBuf, msp_id| SigningIdentity::from_folder(folder, msp_id).unwrap();
        let tls_certificate = Bytes::from(std::fs::read(&node.tls_certificate).unwrap());
        let consenter = ConsenterDescription {
            host: "orderer.ord.test".to_owned(),
            port: 7050,
            client_tls_cert: tls_certificate.clone(),
            server_tls_cert: tls_certificate.clone(),
        };
        let msp = |folder: &PathBuf, id| load_msp_config(folder, id).unwrap();
        let orderer_org = OrganizationDescription::orderer(
            "OrdererMSP",
            msp(&orderer_msp, "OrdererMSP"),
            vec!["orderer.ord.test:7050".to_owned()],
        );
        let org1 =
            OrganizationDescription::application("Org1MSP", msp(&org1_msp, "Org1MSP"), vec![]);
        let mut description = ChannelDescription::new(
            ChannelId::parse("ch1").unwrap(),
            vec![consenter],
            vec![orderer_org.unwrap()],
            vec![org1.unwrap()],
        );
        // Far beyond any test's end: whatever is cut early was not cut by the timer.
        description.orderer.batch_timeout = std::time::Duration::from_secs(3_600);
        Self {
            client: sign(&user.msp, "Org1MSP"),
            expired: sign(&late.msp, "Org1MSP"),
            lasting: sign(&lasting.msp, "Org1MSP"),
            stranger: sign(&stranger.msp, "Org9MSP"),
            admin: sign(&admin.msp, "OrdererMSP"),
            org1_admin: sign(&org1_admin.msp, "Org1MSP"),
            now_s: Arc::new(AtomicI64::new(NOW_S)),
            orderer: Arc::new(sign(&node.msp, "OrdererMSP")),
            description,
            config: Config {
                tls_certificate_pem: tls_certificate,
                ..Config::default()
            },
            nonces: AtomicU64::new(1),
            folder,
        }
    }

    pub(super) fn genesis(&self) -> Block {
        let seed = GenesisSeed {
            timestamp: Timestamp {
                seconds: NOW_S,
                nanos: 0,
            },
            nonce: [7; 24],
        };
        self.description.genesis_block(&seed).unwrap()
    }

    pub(super) fn channel(&self) -> &ChannelId {
        &self.description.channel_id
    }

    pub(super) async fn ledger(&self) -> OrdererLedger {
        let folder = self
            .folder
            .path()
            .join("data")
            .join(self.channel().as_str());
        std::fs::create_dir_all(folder.parent().unwrap()).unwrap();
        let config = ledger::Config::default();
        OrdererLedger::create(&folder, self.channel(), &self.genesis(), config)
            .await
            .unwrap()
    }

    /// An orderer without channels.
    pub(super) fn node(&self) -> Running {
        let (tasks, stopping) = (TaskTracker::new(), CancellationToken::new());
        let entropy = std::sync::Mutex::new(random(2));
        let now_s = Arc::clone(&self.now_s);
        let orderer = Orderer::new(Parts {
            config: self.config.clone(),
            signer: Arc::clone(&self.orderer) as Arc<dyn Signer>,
            clock: Arc::new(move || now_s.load(Ordering::Relaxed)),
            entropy: Arc::new(move |buffer: &mut [u8]| (*entropy.lock().unwrap())(buffer)),
            tasks: tasks.clone(),
            stopping: stopping.clone(),
        });
        Running {
            orderer,
            chains: JoinSet::new(),
            tasks,
            stopping,
        }
    }

    /// An orderer that orders the channel.
    pub(super) async fn start(&self) -> Running {
        let mut running = self.node();
        running.order(self).await;
        running
    }

    fn sender(&self, signer: &SigningIdentity) -> Sender {
        let mut nonce = [0; 24];
        nonce[..8].copy_from_slice(&self.nonces.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        Sender {
            creator: signer.identity().clone(),
            nonce,
            timestamp: Timestamp {
                seconds: NOW_S,
                nanos: 0,
            },
        }
    }

    /// A message of some type with some content, signed.
    pub(super) fn message(
        &self,
        signer: &SigningIdentity,
        kind: HeaderType,
        data: Bytes,
    ) -> common::Envelope {
        let sender = self.sender(signer);
        let channel_header = ChannelHeader {
            r#type: kind.into(),
            channel_id: self.channel().as_str().to_owned(),
            tx_id: sender.tx_id().as_str().to_owned(),
            ..ChannelHeader::default()
        };
        let signature_header = SignatureHeader {
            creator: sender.creator,
            nonce: sender.nonce.to_vec().into(),
        };
        let payload = Payload {
            header: Some(Header {
                channel_header: channel_header.encode_to_vec().into(),
                signature_header: signature_header.encode_to_vec().into(),
            }),
            data,
        };
        signed(signer, payload.encode_to_vec().into())
    }

    /// A client's transaction of about `size` bytes. To an orderer its content is any bytes.
    pub(super) fn transaction(&self, size: usize) -> common::Envelope {
        self.message(
            &self.client,
            HeaderType::EndorserTransaction,
            vec![b'x'; size].into(),
        )
    }

    /// A request for blocks.
    pub(super) fn seek(&self, signer: &SigningIdentity, seek: &SeekInfo) -> common::Envelope {
        let payload = self
            .sender(signer)
            .seek(self.channel().as_str(), seek, None);
        signed(signer, payload)
    }
}

fn signed(signer: &SigningIdentity, payload: Bytes) -> common::Envelope {
    common::Envelope {
        signature: signer.sign(&payload).unwrap(),
        payload,
    }
}

/// Blocks by number, both included.
pub(super) fn range(start: u64, stop: u64) -> SeekInfo {
    let at = |number| {
        Some(SeekPosition {
            r#type: Some(seek_position::Type::Specified(SeekSpecified { number })),
        })
    };
    SeekInfo {
        start: at(start),
        stop: at(stop),
        ..SeekInfo::default()
    }
}

/// An orderer that runs.
pub(super) struct Running {
    pub(super) orderer: Orderer,
    pub(super) chains: JoinSet<Result<(), Error>>,
    pub(super) tasks: TaskTracker,
    pub(super) stopping: CancellationToken,
}

impl Running {
    /// Takes up the world's channel and orders it.
    pub(super) async fn order(&mut self, world: &World) {
        let chain = self
            .orderer
            .add_channel(world.ledger().await)
            .await
            .unwrap();
        self.chains.spawn(chain.run());
    }

    pub(super) async fn stop(mut self) -> Vec<Result<(), Error>> {
        self.stopping.cancel();
        let mut results = Vec::new();
        while let Some(result) = self.chains.join_next().await {
            results.push(result.unwrap());
        }
        self.tasks.close();
        self.tasks.wait().await;
        results
    }

    /// Sends messages over one stream, and gives all answers.
    pub(super) async fn send(&self, messages: Vec<common::Envelope>) -> Vec<BroadcastResponse> {
        self.send_for_code(messages).await.0
    }

    /// The answers, and the code in the stream's trailer.
    pub(super) async fn send_for_code(
        &self,
        messages: Vec<common::Envelope>,
    ) -> (Vec<BroadcastResponse>, Option<String>) {
        told(self.answers(stream::iter(messages.into_iter().map(Ok)))).await
    }

    pub(super) fn answers<S>(
        &self,
        messages: S,
    ) -> impl Stream<Item = Result<BroadcastResponse, tonic::Status>> + Send + use<S>
    where
        S: Stream<Item = Result<common::Envelope, tonic::Status>> + Send + 'static,
    {
        self.orderer.service().broadcast_stream(messages).unwrap()
    }

    /// Asks for blocks over one stream, and gives all responses until the stream ends.
    pub(super) async fn deliver(&self, requests: Vec<common::Envelope>) -> Vec<DeliverResponse> {
        self.deliver_for_code(requests).await.0
    }

    /// The responses, and the code in the stream's trailer.
    pub(super) async fn deliver_for_code(
        &self,
        requests: Vec<common::Envelope>,
    ) -> (Vec<DeliverResponse>, Option<String>) {
        let requests = stream::iter(requests.into_iter().map(Ok));
        let service = self.orderer.service();
        let responses = service
            .deliver_stream(requests, ClientTls::NotMutual)
            .unwrap();
        told(responses).await
    }

    /// All blocks there are, with the chain's oracle asked about them.
    pub(super) async fn chain(&self, world: &World) -> Vec<Block> {
        let height = self.orderer.channels()[0].height;
        let request = world.seek(&world.client, &range(0, height - 1));
        let mut responses = self.deliver(vec![request]).await;
        assert_eq!(status(&responses.pop().unwrap()), Some(Status::Success));
        let blocks: Vec<Block> = responses.into_iter().map(block).collect();
        assert_eq!(blocks.len() as u64, height);
        check_chain(&blocks);
        blocks
    }
}

/// What a stream tells until it ends, and the code in its trailer if it ends well for gRPC.
pub(super) async fn told<T>(
    stream: impl Stream<Item = Result<T, tonic::Status>>,
) -> (Vec<T>, Option<String>) {
    let mut stream = Box::pin(stream);
    let mut all = Vec::new();
    while let Some(next) = stream.next().await {
        match next {
            Ok(message) => all.push(message),
            Err(end) => {
                assert_eq!(end.code(), tonic::Code::Ok, "{end}");
                let code = services::code_of(&end).map(str::to_owned);
                assert!(
                    stream.next().await.is_none(),
                    "the stream goes on after its end"
                );
                return (all, code);
            }
        }
    }
    (all, None)
}

pub(super) fn status(response: &DeliverResponse) -> Option<Status> {
    match response.r#type {
        Some(deliver_response::Type::Status(status)) => Status::try_from(status).ok(),
        _ => None,
    }
}

pub(super) fn block(response: DeliverResponse) -> Block {
    match response.r#type {
        Some(deliver_response::Type::Block(block)) => Block::from_proto(block).unwrap(),
        other => panic!("no block but {other:?}"),
    }
}

/// What every peer checks: numbers, hashes, canonical entries, and a signature that satisfies BlockValidation under the
/// configuration in force.
fn check_chain(blocks: &[Block]) {
    let memo = Arc::new(SignatureMemo::new(1_000));
    let mut bundle = Bundle::from_block(&blocks[0], &memo).unwrap();
    let mut last_config = 0;
    for pair in blocks.windows(2) {
        let [before, block] = pair else {
            unreachable!()
        };
        assert_eq!(block.number, before.number + 1);
        assert_eq!(block.previous_hash, before.header_hash().as_slice());
        block.check_structure().unwrap();
        let metadata = block.orderer_metadata().unwrap();
        let signed: Vec<SignedData> = metadata
            .signatures
            .iter()
            .map(|signature| SignedData {
                data: metadata
                    .signed_bytes(signature, &block.header_bytes())
                    .into(),
                identity: SignatureHeader::decode(signature.signature_header.clone())
                    .unwrap()
                    .creator,
                signature: signature.signature.clone(),
            })
            .collect();
        let policy = "/Channel/Orderer/BlockValidation";
        bundle.policies().evaluate_signed(policy, &signed).unwrap();
        if channel::is_config_block(block) {
            let transaction = channel::config_of_block(block).unwrap();
            bundle = channel::update::check(&bundle, &transaction.content).unwrap();
            last_config = block.number;
        }
        assert_eq!(block.last_config_index().unwrap(), last_config);
    }
}

/// The statuses of answers.
pub(super) fn statuses(answers: &[BroadcastResponse]) -> Vec<Status> {
    answers.iter().map(BroadcastResponse::status).collect()
}

/// The entries of all blocks but the genesis block's.
pub(super) fn entries(blocks: &[Block]) -> Vec<Bytes> {
    blocks
        .iter()
        .skip(1)
        .flat_map(|block| block.data.clone())
        .collect()
}

/// Envelopes as they stand in blocks.
pub(super) fn encoded(messages: &[common::Envelope]) -> Vec<Bytes> {
    messages
        .iter()
        .map(|message| message.encode_to_vec().into())
        .collect()
}
