//! Runs against a gateway that checks every byte it is sent, and refuses what it is told to.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a test's panic is its failure"
)]

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bench::{Call, Config, Error, Load, Mode, Report, Sources, Template, Watch, Watched};
use model::{Proposal, TxValidationCode};
use msp::ca::{Organization, Validity};
use msp::{Msp, MspManager, MspVersion, Role, SignatureMemo, SigningIdentity};
use prost::Message as _;
use proto::common::Envelope;
use proto::gateway::{
    ChaincodeEventsResponse, CommitStatusRequest, CommitStatusResponse, EndorseRequest,
    EndorseResponse, EvaluateRequest, EvaluateResponse, SignedChaincodeEventsRequest,
    SignedCommitStatusRequest, SubmitRequest, SubmitResponse,
};
use proto::protos::SignedProposal;
use rand::RngCore as _;
use services::Endpoint;
use services::gateway::gateway_server::{Gateway, GatewayServer};
use tokio::task::JoinSet;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

const NOW_S: i64 = 1_800_000_000;
const SOURCES: Sources = Sources {
    now: || prost_types::Timestamp {
        seconds: NOW_S,
        nanos: 0,
    },
    fill_random: |bytes| rand::rngs::ThreadRng::default().fill_bytes(bytes),
};

/// What the gateway does with calls; numbers count proposals from 1.
#[derive(Clone)]
struct Behaviour {
    delay: Duration,
    refuses: fn(usize) -> bool,
    invalidates: fn(usize) -> bool,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            delay: Duration::ZERO,
            refuses: |_| false,
            invalidates: |_| false,
        }
    }
}

/// What the gateway saw.
#[derive(Default)]
struct Seen {
    tx_ids: Vec<String>,
    first_args: Vec<String>,
    creators: BTreeSet<Vec<u8>>,
    submitted: usize,
    asked: usize,
    wrong: Vec<String>,
}

struct Strict {
    behaviour: Behaviour,
    msps: MspManager,
    seen: Arc<Mutex<Seen>>,
}

impl Strict {
    fn take(&self, tx_id: &str, proposal: Option<SignedProposal>) -> Result<Proposal, Status> {
        let number = {
            let mut seen = self.seen.lock().unwrap();
            seen.tx_ids.push(tx_id.to_owned());
            seen.tx_ids.len()
        };
        let proposal = Proposal::parse(&proposal.unwrap()).unwrap();
        let checked = proposal.check().map(|id| id.as_str().to_owned());
        let mut seen = self.seen.lock().unwrap();
        if checked.as_deref().ok() != Some(tx_id) {
            seen.wrong.push(format!("the id of {tx_id} is {checked:?}"));
        }
        let creator = self.msps.identity(proposal.creator()).unwrap();
        if let Err(error) = creator.verify(&proposal.bytes, &proposal.signature) {
            seen.wrong.push(format!("proposal {tx_id}: {error}"));
        }
        seen.creators.insert(proposal.creator().to_vec());
        let first = proposal.input.args.get(1).unwrap();
        seen.first_args
            .push(String::from_utf8(first.to_vec()).unwrap());
        if (self.behaviour.refuses)(number) {
            let status = Status::unavailable("the peer \u{1b}[31m is busy");
            return Err(services::with_code(status, "endorse.unavailable"));
        }
        Ok(proposal)
    }
}

#[tonic::async_trait]
impl Gateway for Strict {
    type ChaincodeEventsStream = tokio_stream::Empty<Result<ChaincodeEventsResponse, Status>>;

    async fn endorse(
        &self,
        request: Request<EndorseRequest>,
    ) -> Result<Response<EndorseResponse>, Status> {
        let request = request.into_inner();
        let proposal = self.take(&request.transaction_id, request.proposed_transaction)?;
        tokio::time::sleep(self.behaviour.delay).await;
        // The generator signs whatever was prepared; here that is the proposal itself.
        Ok(Response::new(EndorseResponse {
            prepared_transaction: Some(Envelope {
                payload: proposal.bytes,
                ..Envelope::default()
            }),
        }))
    }

    async fn submit(
        &self,
        request: Request<SubmitRequest>,
    ) -> Result<Response<SubmitResponse>, Status> {
        let request = request.into_inner();
        let envelope = request.prepared_transaction.unwrap();
        let signed = SignedProposal {
            proposal_bytes: envelope.payload.clone(),
            signature: envelope.signature.clone(),
        };
        let creator = Proposal::parse(&signed).unwrap().creator().clone();
        let creator = self.msps.identity(&creator).unwrap();
        let mut seen = self.seen.lock().unwrap();
        if let Err(error) = creator.verify(&envelope.payload, &envelope.signature) {
            seen.wrong
                .push(format!("transaction {}: {error}", request.transaction_id));
        }
        seen.submitted += 1;
        Ok(Response::new(SubmitResponse {}))
    }

    async fn commit_status(
        &self,
        request: Request<SignedCommitStatusRequest>,
    ) -> Result<Response<CommitStatusResponse>, Status> {
        let signed = request.into_inner();
        let request = CommitStatusRequest::decode(signed.request.clone()).unwrap();
        let creator = self.msps.identity(&request.identity).unwrap();
        let mut seen = self.seen.lock().unwrap();
        if let Err(error) = creator.verify(&signed.request, &signed.signature) {
            seen.wrong
                .push(format!("status of {}: {error}", request.transaction_id));
        }
        let place = seen
            .tx_ids
            .iter()
            .position(|id| *id == request.transaction_id)
            .unwrap();
        seen.asked += 1;
        let code = match (self.behaviour.invalidates)(place + 1) {
            true => TxValidationCode::MvccReadConflict,
            false => TxValidationCode::Valid,
        };
        Ok(Response::new(CommitStatusResponse {
            result: code.into(),
            block_number: place as u64 / 4,
        }))
    }

    async fn evaluate(
        &self,
        request: Request<EvaluateRequest>,
    ) -> Result<Response<EvaluateResponse>, Status> {
        let request = request.into_inner();
        self.take(&request.transaction_id, request.proposed_transaction)?;
        tokio::time::sleep(self.behaviour.delay).await;
        Ok(Response::new(EvaluateResponse::default()))
    }

    async fn chaincode_events(
        &self,
        _request: Request<SignedChaincodeEventsRequest>,
    ) -> Result<Response<Self::ChaincodeEventsStream>, Status> {
        Err(Status::unimplemented("not measured"))
    }
}

struct World {
    identities: Vec<Arc<SigningIdentity>>,
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    folder: tempfile::TempDir,
    _server: JoinSet<()>,
}

impl World {
    async fn start(behaviour: Behaviour) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let validity = Validity::years(NOW_S, 1);
        let mut random = |bytes: &mut [u8]| (SOURCES.fill_random)(bytes);
        let org = Organization::new("org1.example.com", validity, &mut random).unwrap();
        org.write(folder.path()).unwrap();
        let mut identities = Vec::new();
        for name in ["User1", "User2"] {
            let member = org
                .write_member(
                    folder.path(),
                    name,
                    Role::Client,
                    &[],
                    validity,
                    &mut random,
                )
                .unwrap();
            let signer = SigningIdentity::from_folder(&member.msp, "Org1MSP").unwrap();
            identities.push(Arc::new(signer));
        }
        let config = msp::folder::load_msp_config(&folder.path().join("msp"), "Org1MSP").unwrap();
        let msp = Msp::new(&config, MspVersion::V3_0).unwrap();
        let msps = MspManager::new(vec![msp], Arc::new(SignatureMemo::new(1))).unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let gateway = Strict {
            behaviour,
            msps,
            seen: Arc::clone(&seen),
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut server = JoinSet::new();
        server.spawn(async move {
            let router =
                tonic::transport::Server::builder().add_service(GatewayServer::new(gateway));
            router
                .serve_with_incoming(TcpListenerStream::new(listener))
                .await
                .unwrap();
        });
        Self {
            identities,
            address,
            seen,
            folder,
            _server: server,
        }
    }

    fn config(&self, mode: Mode, load: Load) -> Config {
        let template = |text| Template::parse(text, 0).unwrap();
        Config {
            endpoint: Endpoint {
                address: self.address.to_string(),
                ..Endpoint::default()
            },
            connections: 2,
            identities: self.identities.clone(),
            channel_id: "mychannel".into(),
            call: Call {
                chaincode: "basic".into(),
                args: vec![template("CreateAsset"), template("{n}/{index}")],
                organizations: Vec::new(),
                mode,
                timeout: Duration::from_secs(20),
            },
            load,
            warm_up: Duration::ZERO,
            duration: Duration::from_millis(400),
            watch: Watch::default(),
        }
    }

    async fn run(&self, mode: Mode, load: Load) -> Report {
        bench::run(self.config(mode, load), SOURCES).await.unwrap()
    }
}

const CLOSED: Load = Load {
    clients: 4,
    rate_per_s: None,
    calls_max: None,
};

#[tokio::test]
async fn every_call_is_a_transaction_of_its_own_with_good_signatures() {
    let world = World::start(Behaviour::default()).await;
    let report = world.run(Mode::Submit, CLOSED).await;
    let seen = world.seen.lock().unwrap();
    assert_eq!(seen.wrong, [""; 0]);
    let ids: BTreeSet<_> = seen.tx_ids.iter().collect();
    let args: BTreeSet<_> = seen.first_args.iter().collect();
    assert_eq!(
        (ids.len(), args.len()),
        (seen.tx_ids.len(), seen.tx_ids.len())
    );
    assert_eq!(seen.creators.len(), 2, "both identities are used");
    // All but the trial began in the window; those that ended after it are timed and not counted.
    assert_eq!(report.latency_ms.count, seen.tx_ids.len() as u64 - 1);
    assert_eq!(
        (seen.submitted, seen.asked),
        (seen.tx_ids.len(), seen.tx_ids.len())
    );
    assert!(report.done > 4 && report.done <= report.latency_ms.count);
    assert!(report.latency_ms.count - report.done <= 4);
    assert!(report.failures.is_empty() && report.not_begun == 0);
    let stages = report.stages_ms.unwrap();
    let sum = stages.endorse.mean + stages.submit.mean + stages.commit.mean;
    assert!(
        sum <= report.latency_ms.mean * 1.01,
        "{sum} of {}",
        report.latency_ms.mean
    );
    let blocks = report.blocks.unwrap();
    assert!(blocks.transactions_per_block > 2.0 && blocks.transactions_per_block <= 4.0);
}

#[tokio::test]
async fn invalid_transactions_and_refusals_are_counted_by_their_codes_and_not_as_done() {
    let world = World::start(Behaviour {
        delay: Duration::from_millis(1),
        refuses: |number| number % 5 == 0,
        invalidates: |number| number % 3 == 0,
    })
    .await;
    let mut config = world.config(Mode::Submit, CLOSED);
    config.load.calls_max = Some(60);
    config.duration = Duration::from_secs(20);
    let report = bench::run(config, SOURCES).await.unwrap();
    let counted: Vec<(String, String, u64)> = report
        .failures
        .iter()
        .map(|failure| {
            (
                failure.stage.to_string(),
                failure.code.clone(),
                failure.count,
            )
        })
        .collect();
    // Of the calls 2 to 60: 12 by five, 20 by three, 4 of them by both and refused first.
    let expected = [
        ("endorse".to_owned(), "endorse.unavailable".to_owned(), 12),
        ("commit".to_owned(), "MVCC_READ_CONFLICT".to_owned(), 16),
    ];
    assert_eq!(counted, expected);
    assert_eq!((report.done, report.failed()), (59 - 28, 28));
    assert_eq!(report.latency_ms.count, report.done);
    assert!(report.window_s < 15.0, "it ends with its last call");
    assert!(!report.table().contains('\u{1b}'));
}

#[tokio::test]
async fn an_open_loop_counts_time_from_when_a_call_was_meant_to_begin() {
    let world = World::start(Behaviour {
        delay: Duration::from_millis(40),
        ..Behaviour::default()
    })
    .await;
    let load = Load {
        clients: 1,
        rate_per_s: Some(100.0),
        calls_max: None,
    };
    let report = world.run(Mode::Evaluate, load).await;
    // One client does 25 a second at most; 40 were meant to begin.
    let begun = report.latency_ms.count;
    assert!((1..=10).contains(&begun), "{begun}");
    assert_eq!(report.not_begun, 40 - begun);
    assert!(report.latency_ms.max >= report.late_ms.unwrap().max + 40.0 * 0.99);
    assert!(
        report.late_ms.unwrap().max >= 30.0 * (begun - 1) as f64 * 0.99,
        "{report:?}"
    );
    assert!(report.stages_ms.is_none() && report.blocks.is_none());
}

#[tokio::test]
async fn an_open_loop_that_keeps_up_begins_all_calls() {
    let world = World::start(Behaviour::default()).await;
    let load = Load {
        clients: 50,
        rate_per_s: Some(50.0),
        calls_max: None,
    };
    let report = world.run(Mode::Evaluate, load).await;
    assert_eq!((report.latency_ms.count, report.not_begun), (20, 0));
}

#[tokio::test]
async fn a_gateway_that_refuses_the_first_call_is_not_put_under_load() {
    let world = World::start(Behaviour {
        refuses: |_| true,
        ..Behaviour::default()
    })
    .await;
    let failed = bench::run(world.config(Mode::Submit, CLOSED), SOURCES).await;
    let Err(Error::Trial { code, .. }) = failed else {
        panic!("{failed:?}");
    };
    assert_eq!(
        (code.as_str(), world.seen.lock().unwrap().tx_ids.len()),
        ("endorse.unavailable", 1)
    );
}

#[tokio::test]
async fn calls_that_all_end_in_the_warm_up_are_no_measurement() {
    let world = World::start(Behaviour::default()).await;
    let mut config = world.config(Mode::Evaluate, CLOSED);
    config.load.calls_max = Some(3);
    config.warm_up = Duration::from_secs(20);
    let failed = bench::run(config, SOURCES).await;
    assert!(matches!(failed, Err(Error::EndedInWarmUp)), "{failed:?}");
    assert_eq!(world.seen.lock().unwrap().tx_ids.len(), 3);
}

#[tokio::test]
async fn watched_processes_and_folders_are_in_the_report() {
    let world = World::start(Behaviour::default()).await;
    let mut config = world.config(Mode::Submit, CLOSED);
    config.watch = Watch {
        processes: vec![Watched {
            name: "self".into(),
            what: std::process::id(),
        }],
        folders: vec![Watched {
            name: "folder".into(),
            what: world.folder.path().to_owned(),
        }],
    };
    let report = bench::run(config, SOURCES).await.unwrap();
    let own = report.processes.first().unwrap();
    assert!(own.cpu_s > 0.0 && own.rss_anon_bytes_max > 1 << 20);
    assert!(report.generator.cpu_s > 0.0 && report.machine_busy_s > 0.0);
    let each = own.cpu_s * 1_000.0 / report.done as f64;
    assert!((report.cpu_s_per_1000.unwrap() - each).abs() < 1e-9);
    assert!(report.folders.first().unwrap().bytes_after > 0);
    let table = report.table();
    for part in [
        "VALID transactions a second",
        "p99",
        "RssAnon",
        "self",
        "generator",
        "folder grew",
    ] {
        assert!(table.contains(part), "{part} is missing in\n{table}");
    }
}

#[tokio::test]
async fn settings_that_leave_nothing_to_do_are_refused() {
    let world = World::start(Behaviour::default()).await;
    let wrong: [fn(&mut Config); 6] = [
        |config| config.load.clients = 0,
        |config| config.connections = 0,
        |config| config.load.rate_per_s = Some(f64::NAN),
        |config| config.duration = Duration::ZERO,
        |config| config.identities.clear(),
        |config| config.call.args.clear(),
    ];
    for spoil in wrong {
        let mut config = world.config(Mode::Submit, CLOSED);
        spoil(&mut config);
        assert!(matches!(
            bench::run(config, SOURCES).await,
            Err(Error::Config(_))
        ));
    }
    assert!(world.seen.lock().unwrap().tx_ids.is_empty());
}
