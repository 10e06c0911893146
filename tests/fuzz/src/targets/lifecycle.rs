//! Calls of `_lifecycle`, the records it leaves in the state, and collections.
//!
//! The first byte says what the rest is.

use bytes::Bytes;
use lifecycle::scc::{Context, invoke};
use lifecycle::{Channel, MemoryPackages, PrivateAccess};
use model::{TxValidationCode, Version};
use msp::Signer as _;
use prost::Message as _;
use proto::lifecycle as messages;
use proto::protos::{CollectionConfigPackage, collection_config::Payload};
use rwset::{BlockTx, MemoryState, Simulator, TxRwSet, validate_block};

use crate::network::{CHANNEL, MSP_IDS, network};
use crate::recorded;

/// The functions that take a message; the first byte of an input chooses one.
const FUNCTIONS: [&str; 10] = [
    "ApproveChaincodeDefinitionForMyOrg",
    "CommitChaincodeDefinition",
    "CheckCommitReadiness",
    "QueryChaincodeDefinition",
    "QueryChaincodeDefinitions",
    "QueryApprovedChaincodeDefinition",
    "QueryApprovedChaincodeDefinitions",
    "QueryInstalledChaincode",
    "QueryInstalledChaincodes",
    "GetInstalledChaincodePackage",
];
/// The chaincode that is defined in all of it.
pub(crate) const CHAINCODE: &str = "basic";

pub(super) fn run(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    let (kind, rest) = (usize::from(*kind), Bytes::copy_from_slice(rest));
    match kind.checked_sub(FUNCTIONS.len()) {
        None => call(FUNCTIONS[kind], &rest),
        Some(field @ 0..=4) => record(field, &rest),
        Some(5) => collections(&rest),
        Some(_) => described(&rest),
    }
}

/// A good answer leaves writes that validate, and that are read again.
fn call(function: &'static str, input: &Bytes) {
    let network = network();
    let bundle = &network.bundle;
    let orgs = MSP_IDS.map(|msp_id| (msp_id.to_owned(), msp_id.to_owned()));
    let context = Context {
        channel: Some(Channel {
            id: CHANNEL,
            orgs: &orgs,
            msps: bundle.msps(),
            policies: bundle.policies(),
        }),
        local_msp_id: MSP_IDS[0],
        packages: &MemoryPackages::default(),
        authorize: &|_| Ok(()),
    };
    let mut simulator = Simulator::new(Box::new(defined()), "tx");
    let args = [Bytes::from_static(function.as_bytes()), input.clone()];
    let answer = invoke(&args, &context, Some(&mut simulator)).expect("memory can be read");
    assert_eq!(answer.response.status == 200, answer.code.is_none());
    let results = simulator.finish().expect("memory can be read").results;
    let set = TxRwSet::parse(&results).expect("our own read-write set decodes");
    if answer.response.status != 200 {
        return;
    }
    let mut state = defined();
    let (verdicts, batch) =
        validate_block(&state, 3, &[BlockTx::Endorser(&set)]).expect("memory can be read");
    assert_eq!(verdicts[0].code, TxValidationCode::Valid);
    state.apply(3, &batch);
    let committed = lifecycle::definition(&state, CHAINCODE).expect("what was committed is read");
    assert!(committed.expect("it stays defined").sequence >= 1);
}

/// A field of a definition's record in the state.
fn record(field: usize, value: &Bytes) {
    let mut state = defined();
    let key = &lifecycle::definition_keys(CHAINCODE)[field];
    state.put(
        "_lifecycle",
        key,
        value.clone(),
        Version { block: 2, tx: 0 },
    );
    let Ok(Some(definition)) = lifecycle::definition(&state, CHAINCODE) else {
        return;
    };
    let _ = lifecycle::is_approved(&state, MSP_IDS[0], &definition);
    let _ = lifecycle::invocability(&state, MSP_IDS[0], &definition, ["a:b"]);
    let _ = lifecycle::described::policy_words(&definition.validation_parameter);
    let _ = lifecycle::described::collection_names(&definition.collections);
    judge(&definition.collections);
}

fn collections(bytes: &Bytes) {
    if let Ok(package) = CollectionConfigPackage::decode(bytes.clone()) {
        judge(&package);
    }
}

fn judge(package: &CollectionConfigPackage) {
    let network = network();
    let bundle = &network.bundle;
    let client = bundle.msps().identity(network.members[0][1].identity());
    let client = client.expect("a member is known");
    for Payload::StaticCollectionConfig(collection) in package
        .config
        .iter()
        .filter_map(|config| config.payload.as_ref())
    {
        let is_member = lifecycle::is_member(collection, &client, bundle.msps());
        let orgs = lifecycle::member_orgs(collection);
        for access in [PrivateAccess::Read, PrivateAccess::Write] {
            let may = lifecycle::check_client("c", collection, &client, bundle.msps(), access);
            assert!(may.is_ok() || !is_member);
        }
        let _ = orgs.len();
    }
}

/// Collections as people write them become messages whose policies can be used.
fn described(json: &Bytes) {
    if let Ok(package) = lifecycle::described::collections_of_json(json) {
        let again = CollectionConfigPackage::decode(package.encode_to_vec().as_slice());
        assert_eq!(again.expect("what we make can be decoded"), package);
        judge(&package);
    }
}

/// A state in which the chaincode is defined, at sequence 1.
fn defined() -> MemoryState {
    let mut state = MemoryState::default();
    for (key, value) in lifecycle::definition_keys(CHAINCODE).iter().zip(fields()) {
        state.put("_lifecycle", key, value, Version { block: 1, tx: 0 });
    }
    state
}

/// The values of its definition's five keys.
pub(crate) fn fields() -> [Vec<u8>; 5] {
    use messages::state_data::Type;
    let names = [
        "Sequence",
        "EndorsementInfo",
        "ValidationInfo",
        "Collections",
    ];
    let metadata = messages::StateMetadata {
        datatype: "ChaincodeDefinition".to_owned(),
        fields: names.map(str::to_owned).to_vec(),
    };
    let endorsement = messages::ChaincodeEndorsementInfo {
        version: "1".to_owned(),
        endorsement_plugin: "escc".to_owned(),
        ..messages::ChaincodeEndorsementInfo::default()
    };
    let policy = lifecycle::described::PolicyText::Signature("OR('Org1MSP.peer')".to_owned());
    let validation = messages::ChaincodeValidationInfo {
        validation_plugin: "vscc".to_owned(),
        validation_parameter: lifecycle::described::policy(Some(&policy)).unwrap(),
    };
    let data = |data| messages::StateData { r#type: Some(data) }.encode_to_vec();
    let bytes = |bytes: Vec<u8>| data(Type::Bytes(bytes.into()));
    let by_name = |key: &String| match key.rsplit('/').next().unwrap() {
        "Sequence" => data(Type::Int64(1)),
        "EndorsementInfo" => bytes(endorsement.encode_to_vec()),
        "ValidationInfo" => bytes(validation.encode_to_vec()),
        "Collections" => bytes(package().encode_to_vec()),
        _ => metadata.encode_to_vec(),
    };
    lifecycle::definition_keys(CHAINCODE)
        .each_ref()
        .map(by_name)
}

const COLLECTIONS: &[u8] = br#"[{"name": "shared", "policy": "OR('Org1MSP.member', 'Org2MSP.member')",
    "requiredPeerCount": 0, "maxPeerCount": 1, "blockToLive": 3, "memberOnlyRead": true, "memberOnlyWrite": false,
    "endorsementPolicy": {"signaturePolicy": "OR('Org1MSP.member')"}}]"#;

fn package() -> CollectionConfigPackage {
    lifecycle::described::collections_of_json(COLLECTIONS).unwrap()
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    let mut add = |kind: usize, bytes: &[u8]| {
        seeds.push([&[u8::try_from(kind).unwrap()], bytes].concat());
    };
    let approve = messages::ApproveChaincodeDefinitionForMyOrgArgs {
        sequence: 2,
        name: CHAINCODE.to_owned(),
        version: "2".to_owned(),
        collections: Some(package()),
        ..messages::ApproveChaincodeDefinitionForMyOrgArgs::default()
    };
    let query = messages::QueryChaincodeDefinitionArgs {
        name: CHAINCODE.to_owned(),
    };
    add(0, &approve.encode_to_vec());
    for function in 1..FUNCTIONS.len() {
        add(function, &query.encode_to_vec());
    }
    for (field, value) in fields().iter().enumerate() {
        add(FUNCTIONS.len() + field, value);
    }
    add(FUNCTIONS.len() + 5, &package().encode_to_vec());
    add(FUNCTIONS.len() + 6, COLLECTIONS);
    for arguments in recorded_calls() {
        let place = FUNCTIONS
            .iter()
            .position(|function| function.as_bytes() == arguments[0]);
        if let Some(place) = place {
            add(place, &arguments[1]);
        }
    }
    seeds
}

/// The arguments of the recorded calls of `_lifecycle`.
fn recorded_calls() -> Vec<[Bytes; 2]> {
    use proto::protos::{ChaincodeInvocationSpec, ChaincodeProposalPayload};
    let transactions = recorded::transactions().into_iter();
    let arguments = transactions.filter_map(|tx| {
        let payload = ChaincodeProposalPayload::decode(tx.endorsed.proposal_payload).ok()?;
        let invocation = ChaincodeInvocationSpec::decode(payload.input).ok()?;
        invocation.chaincode_spec?.input?.args.try_into().ok()
    });
    arguments.collect()
}
