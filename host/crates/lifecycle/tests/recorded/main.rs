//! The recorded Fabric channel as the oracle of `_lifecycle`: its approvals and its commit, endorsed again here.
//!
//! The vectors lie in a folder of their own beside the project, or where `WEFT_SHARED` says. Without it these tests say
//! loudly that they are skipped; with `CI=true` that is a failure.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test: a panic is its way to fail"
)]

use std::{fs, path::Path, sync::Arc};

use bytes::Bytes;
use lifecycle::{
    Channel, Context, Definition, Invocability, MemoryPackages, Namespace, PrivateAccess,
    check_client, definition, invocability, member_orgs, namespace, record_reads, scc,
};
use model::{
    Block, TxValidationCode, Version,
    transaction::{Action, Content, Endorsed, Opened},
};
use msp::{
    Identity, Msp, MspManager, MspVersion, SignatureMemo, SigningIdentity,
    policy::{ApplicationPolicy, PolicyTree},
};
use prost::Message;
use proto::{
    common::{ConfigEnvelope, ConfigGroup},
    lifecycle::{ApproveChaincodeDefinitionForMyOrgArgs, chaincode_source},
    msp::MspConfig,
    protos::{ChaincodeInvocationSpec, ChaincodeProposalPayload},
    rwset::TxReadWriteSet,
};
use recordings::channel as recorded;
use rwset::{
    BlockTx, MemoryState, PrivateTx, Simulated, Simulator, TxRwSet, private_updates, validate_block,
};

fn block(folder: &Path, number: u64) -> Block {
    Block::decode(fs::read(folder.join(format!("peer/{number}.block"))).unwrap()).unwrap()
}

/// What the genesis block says of the channel.
struct Config {
    orgs: Vec<(String, String)>,
    msps: Arc<MspManager>,
    policies: PolicyTree,
}

impl Config {
    fn read(folder: &Path) -> Self {
        let envelope = ConfigEnvelope::decode(block(folder, 0).config().unwrap()).unwrap();
        let root = envelope.config.unwrap().channel_group.unwrap();
        let msp = |org: &ConfigGroup| {
            let config = MspConfig::decode(org.values["MSP"].value.clone()).unwrap();
            Msp::new(&config, MspVersion::V3_0).unwrap()
        };
        let application = &root.groups["Application"].groups;
        let orgs = application
            .iter()
            .map(|(name, org)| (name.clone(), msp(org).id().to_owned()))
            .collect();
        let memo = Arc::new(SignatureMemo::new(100));
        let msps = application.values().map(msp).collect();
        let msps = Arc::new(MspManager::new(msps, memo).unwrap());
        Self {
            orgs,
            policies: PolicyTree::new("Channel", &root, Arc::clone(&msps)).unwrap(),
            msps,
        }
    }

    fn channel(&self) -> Channel<'_> {
        Channel {
            id: "ch1",
            orgs: &self.orgs,
            msps: &self.msps,
            policies: &self.policies,
        }
    }
}

/// A recorded transaction, opened as far as its action.
struct Transaction {
    endorsed: Endorsed,
    action: Action,
    code: TxValidationCode,
}

fn transactions(block: &Block) -> Vec<Transaction> {
    let open = |(index, entry): (usize, &Bytes)| {
        let Content::Endorsed(endorsed) = Opened::parse(entry).unwrap().content().unwrap() else {
            panic!("only endorsed transactions were recorded after the first block");
        };
        Transaction {
            action: endorsed.action().unwrap(),
            endorsed: *endorsed,
            code: block.validation_code(index).unwrap(),
        }
    };
    block.data.iter().enumerate().map(open).collect()
}

fn args(transaction: &Transaction) -> Vec<Bytes> {
    let payload = transaction.endorsed.proposal_payload.clone();
    let payload = ChaincodeProposalPayload::decode(payload).unwrap();
    let spec = ChaincodeInvocationSpec::decode(payload.input).unwrap();
    spec.chaincode_spec.unwrap().input.unwrap().args
}

/// Endorses a call of `_lifecycle` on the peer of `msp_id` over `state`.
fn endorse(
    config: &Config,
    state: &MemoryState,
    msp_id: &str,
    transaction: &Transaction,
) -> (proto::protos::Response, Simulated) {
    let tx_id = transaction.endorsed.tx_id.as_str();
    let mut simulator = Simulator::new(Box::new(state.clone()), tx_id);
    let context = Context {
        channel: Some(config.channel()),
        local_msp_id: msp_id,
        packages: &MemoryPackages::default(),
        authorize: &|_| Ok(()),
    };
    let answer = scc::invoke(&args(transaction), &context, Some(&mut simulator)).unwrap();
    (answer.response, simulator.finish().unwrap())
}

/// Commits a recorded block of one transaction, with the private writes of those who endorsed it here.
fn commit(state: &mut MemoryState, number: u64, simulated: &Simulated) {
    let rwset = TxRwSet::parse(&simulated.results).unwrap();
    let (verdicts, batch) = validate_block(state, number, &[BlockTx::Endorser(&rwset)]).unwrap();
    assert_eq!(verdicts[0].code, TxValidationCode::Valid);
    if let Some(private) = &simulated.private {
        let version = Version {
            block: number,
            tx: 0,
        };
        let tx = PrivateTx {
            version,
            rwset: &rwset,
            private,
        };
        let updates = private_updates(state, &batch, &[tx]).unwrap();
        assert_eq!(updates.refused, []);
        state.apply_private(&updates.updates);
    }
    state.apply(number, &batch);
}

/// Endorses blocks 1 to 3 again, each compared with the recorded one, and gives the state after them.
fn deployed(folder: &Path, config: &Config) -> MemoryState {
    let mut state = MemoryState::default();
    for (number, endorsers) in [
        (1, ["Org1MSP"].as_slice()),
        (2, &["Org2MSP"]),
        (3, &["Org1MSP", "Org2MSP"]),
    ] {
        let block = block(folder, number);
        let [transaction] = transactions(&block).try_into().ok().unwrap();
        let mut last = None;
        for msp_id in endorsers {
            let (response, simulated) = endorse(config, &state, msp_id, &transaction);
            assert_eq!(
                Some(&response),
                transaction.action.response(),
                "block {number}"
            );
            assert_eq!(
                hex::encode(&simulated.results),
                hex::encode(transaction.action.read_write_set()),
                "block {number}, endorsed by {msp_id}"
            );
            last = Some(simulated);
        }
        commit(&mut state, number, &last.unwrap());
    }
    state
}

fn vec_definition(state: &MemoryState) -> Definition {
    definition(state, "vec").unwrap().unwrap()
}

#[test]
fn approvals_and_commit_are_endorsed_with_fabric_s_bytes() {
    let Some(folder) = recorded() else { return };
    let config = Config::read(&folder);
    let state = deployed(&folder, &config);
    let definition = vec_definition(&state);
    assert_eq!(
        (definition.sequence, definition.version.as_str()),
        (1, "1.0")
    );
    assert!(definition.can_be_validated());
}

#[test]
fn the_recorded_calls_are_refused_a_second_time() {
    let Some(folder) = recorded() else { return };
    let config = Config::read(&folder);
    let state = deployed(&folder, &config);
    for (number, msp_id) in [(1, "Org1MSP"), (2, "Org2MSP"), (3, "Org1MSP")] {
        let transaction = transactions(&block(&folder, number)).remove(0);
        let (response, _) = endorse(&config, &state, msp_id, &transaction);
        assert_eq!(response.status, 500, "{}", response.message);
    }
}

#[test]
fn every_recorded_endorsement_has_the_reads_recorded_here() {
    let Some(folder) = recorded() else { return };
    let config = Config::read(&folder);
    let state = deployed(&folder, &config);
    let mut compared = 0;
    for number in 4..36 {
        for transaction in transactions(&block(&folder, number)) {
            let recorded =
                TxReadWriteSet::decode(transaction.action.read_write_set().clone()).unwrap();
            let private = recorded
                .ns_rwset
                .iter()
                .any(|set| !set.collection_hashed_rwset.is_empty());
            let mut simulator = Simulator::new(Box::new(state.clone()), "tx");
            record_reads(&mut simulator, "vec", private).unwrap();
            let here = simulator.finish().unwrap().results;
            let here = TxReadWriteSet::decode(here).unwrap();
            assert_eq!(here.ns_rwset[0], recorded.ns_rwset[0], "block {number}");
            compared += 1;
        }
    }
    assert_eq!(compared, 35);
}

#[test]
fn both_peers_may_run_the_recorded_chaincode_with_the_recorded_package() {
    let Some(folder) = recorded() else { return };
    let config = Config::read(&folder);
    let state = deployed(&folder, &config);
    let definition = vec_definition(&state);
    for (number, msp_id) in [(1, "Org1MSP"), (2, "Org2MSP")] {
        let transaction = transactions(&block(&folder, number)).remove(0);
        let package_id = approved_package(&args(&transaction)[1]);
        let with = |installed: &[&str]| {
            invocability(&state, msp_id, &definition, installed.iter().copied()).unwrap()
        };
        let ready = Invocability::Ready {
            package_id: package_id.clone(),
        };
        assert_eq!(with(&["vec_1:0", &package_id]), ready);
        assert_eq!(with(&["vec_1:0"]), Invocability::NotInstalled);
    }
}

/// The package that a recorded approval names.
fn approved_package(args: &Bytes) -> String {
    let args = ApproveChaincodeDefinitionForMyOrgArgs::decode(args.clone()).unwrap();
    match args.source.unwrap().r#type.unwrap() {
        chaincode_source::Type::LocalPackage(local) => local.package_id,
        chaincode_source::Type::Unavailable(_) => panic!("both approvals name a package"),
    }
}

/// The identities that endorsed a recorded transaction.
fn endorsers(config: &Config, transaction: &Transaction) -> Vec<Arc<Identity>> {
    let endorsements = &transaction.endorsed.endorsements;
    endorsements
        .iter()
        .map(|endorsement| config.msps.identity(&endorsement.endorser).unwrap())
        .collect()
}

#[test]
fn the_policies_found_here_accept_what_fabric_accepted() {
    let Some(folder) = recorded() else { return };
    let config = Config::read(&folder);
    let state = deployed(&folder, &config);
    let channel = config.channel();
    for number in 1..36 {
        for transaction in transactions(&block(&folder, number)) {
            let identities = endorsers(&config, &transaction);
            let rwset = TxRwSet::parse(transaction.action.read_write_set()).unwrap();
            let mut policies = Vec::new();
            for set in rwset.namespaces() {
                let Some(space) = namespace(&state, set.name()).unwrap() else {
                    continue;
                };
                let mut private = false;
                for collection in set
                    .collections()
                    .iter()
                    .filter(|set| set.writes().next().is_some())
                {
                    policies.push(
                        space
                            .collection_policy(&channel, collection.name())
                            .unwrap(),
                    );
                    private = true;
                }
                let writes = set.writes().next().is_some();
                let invoked = transaction.action.invoked().unwrap().name == set.name();
                if writes || (invoked && !private) {
                    policies.push(space.policy(&channel));
                }
            }
            let accepted = policies.iter().all(|policy| {
                let policy = ApplicationPolicy::parse(policy).unwrap();
                config
                    .policies
                    .evaluate_application(&policy, &identities)
                    .is_ok()
            });
            let refused = transaction.code == TxValidationCode::EndorsementPolicyFailure;
            assert_eq!(accepted, !refused, "block {number}");
        }
    }
}

#[test]
fn implicit_collections_are_under_their_organisation_s_own_policy() {
    let Some(folder) = recorded() else { return };
    let config = Config::read(&folder);
    let policy = Namespace::Lifecycle
        .collection_policy(&config.channel(), "_implicit_org_Org1MSP")
        .unwrap();
    let expected =
        ApplicationPolicy::Reference("/Channel/Application/Org1MSP/Endorsement".to_owned());
    assert_eq!(ApplicationPolicy::parse(&policy).unwrap(), expected);
    let policy = Namespace::Lifecycle.policy(&config.channel());
    let expected =
        ApplicationPolicy::Reference("/Channel/Application/LifecycleEndorsement".to_owned());
    assert_eq!(ApplicationPolicy::parse(&policy).unwrap(), expected);
}

#[test]
fn members_of_the_recorded_collections_are_those_of_their_policies() {
    let Some(folder) = recorded() else { return };
    let config = Config::read(&folder);
    let definition = vec_definition(&deployed(&folder, &config));
    let user = |org: &str, msp_id: &str| {
        let folder = folder.join(format!(
            "crypto/peerOrganizations/{org}/users/User1@{org}/msp"
        ));
        let signer = SigningIdentity::from_folder(&folder, msp_id).unwrap();
        config
            .msps
            .identity(msp::Signer::identity(&signer))
            .unwrap()
    };
    let (user1, user2) = (user("org1.test", "Org1MSP"), user("org2.test", "Org2MSP"));
    let both = definition.collection("c12").unwrap();
    let one = definition.collection("c1").unwrap();
    assert_eq!(
        member_orgs(both),
        ["Org1MSP", "Org2MSP"].map(str::to_owned).into()
    );
    assert_eq!(member_orgs(one), ["Org1MSP"].map(str::to_owned).into());
    let check = |collection, user: &Identity, access| {
        check_client("vec", collection, user, &config.msps, access)
            .map_err(|error| error.to_string())
    };
    for access in [PrivateAccess::Read, PrivateAccess::Write] {
        assert_eq!(check(both, &user1, access), Ok(()));
        assert_eq!(check(both, &user2, access), Ok(()));
        assert_eq!(check(one, &user1, access), Ok(()));
    }
    // c1 lets only members read, and anybody write.
    assert_eq!(
        check(one, &user2, PrivateAccess::Read),
        Err("tx creator does not have read access permission on privatedata in chaincodeName:vec collectionName: c1".to_owned())
    );
    assert_eq!(check(one, &user2, PrivateAccess::Write), Ok(()));
}

mod collections;
