//! The peer's own chaincodes.

use std::fmt::Write as _;

use bytes::Bytes;
use expect_test::expect;
use model::client::Invocation;
use model::{Block, TxValidationCode};
use prost::Message as _;
use proto::common::{BlockchainInfo, Config};
use proto::lifecycle as messages;
use proto::protos::{ChannelQueryResponse, ProcessedTransaction};

use super::network::{CHANNEL, Network, definition, invoke, lifecycle_call};
use super::people::Org;
use super::{action, contract, show};

/// A call to the peer itself.
fn channelless(chaincode: &str, args: &[&[u8]]) -> Invocation {
    Invocation {
        chaincode: chaincode.to_owned(),
        args: args.iter().map(|arg| Bytes::copy_from_slice(arg)).collect(),
        ..Invocation::default()
    }
}

async fn payload(network: &Network, invocation: Invocation) -> Bytes {
    let answer = network
        .call(0, &network.orgs[0].admin, invocation)
        .await
        .unwrap()
        .into_inner();
    let bare = answer.payload.is_empty() && answer.endorsement.is_none() && answer.version == 0;
    assert!(bare, "a call to the peer itself gives its response alone");
    let response = answer.response.unwrap();
    assert_eq!(response.status, 200, "{}", response.message);
    response.payload
}

#[tokio::test(flavor = "multi_thread")]
async fn cscc_gives_channels_and_their_configuration() {
    let network = Network::start().await;
    network.join("second").await;
    let channels = payload(&network, channelless("cscc", &[b"GetChannels"])).await;
    let channels = ChannelQueryResponse::decode(channels).unwrap().channels;
    let ids: Vec<&str> = channels
        .iter()
        .map(|channel| channel.channel_id.as_str())
        .collect();
    assert_eq!(ids, ["second", CHANNEL]);
    let block = payload(
        &network,
        channelless("cscc", &[b"GetConfigBlock", b"trade"]),
    )
    .await;
    let ledger = network.peers[0].channel(CHANNEL).ledger().clone();
    assert_eq!(
        Block::decode(block).unwrap(),
        ledger.block(0).unwrap().unwrap()
    );
    let config = payload(
        &network,
        channelless("cscc", &[b"GetChannelConfig", b"trade"]),
    )
    .await;
    let bundle = network.peers[0].channel(CHANNEL).bundle();
    assert_eq!(&Config::decode(config).unwrap(), bundle.config());
}

#[tokio::test(flavor = "multi_thread")]
async fn cscc_refuses_in_fabrics_words() {
    let network = Network::start().await;
    let mut lines = String::new();
    for args in [
        &[][..],
        &[b"JoinChain".as_slice()],
        &[b"GetConfigBlock"],
        &[b"GetConfigBlock", b"nowhere"],
        &[b"GetChannelConfig", b""],
        &[b"GetChannelConfig", b"nowhere"],
        &[b"JoinChain", b"\xff"],
        &[b"JoinChain", b""],
        &[b"JoinChainBySnapshot", b"x"],
    ] {
        let admin = &network.orgs[0].admin;
        let answer = network.call(0, admin, channelless("cscc", args)).await;
        writeln!(lines, "{}", show(&answer)).unwrap();
    }
    expect![[r#"
        500 'Incorrect number of arguments, 0' '' [chaincode.arguments]
        500 'Incorrect number of arguments, 1' '' [chaincode.arguments]
        500 'Incorrect number of arguments, 1' '' [chaincode.arguments]
        500 'access denied for [GetConfigBlock][nowhere]: Failed to get policy manager for channel [nowhere]' '' [channel.not_found]
        500 'empty channel name provided' '' [channel.not_found]
        500 'access denied for [GetChannelConfig][nowhere]: Failed to get policy manager for channel [nowhere]' '' [channel.not_found]
        500 'Failed to reconstruct the genesis block, not a block' '' [channel.genesis]
        500 'Failed to reconstruct the genesis block, the block has no header' '' [channel.genesis]
        500 'Requested function JoinChainBySnapshot not found.' '' [chaincode.function]
    "#]].assert_eq(&lines);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_admin_of_the_peers_organisation_may_have_it_join_a_channel() {
    let network = Network::start().await;
    let block = network.genesis("second").encode();
    let join = || channelless("cscc", &[b"JoinChain", &block]);
    let mut lines = String::new();
    let org = &network.orgs[0];
    for who in [&org.user, &org.admin, &org.admin] {
        writeln!(lines, "{}", show(&network.call(0, who, join()).await)).unwrap();
    }
    expect![[r#"
        500 'access denied for [JoinChain][second]: [Failed verifying that proposal's creator satisfies local MSP principal during channelless check policy with policy [Admins]: [the identity does not satisfy the principal: it is not a admin of MSP Org1MSP]]' '' [access.denied]
        200 '' ''
        500 'the host cannot join now' '' [node.unavailable]
    "#]].assert_eq(&lines);
    let asked = network.peers[0].asked.lock().unwrap();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].encode(), block);
}

#[tokio::test(flavor = "multi_thread")]
async fn qscc_gives_blocks_and_transactions() {
    let network = Network::with_chaincode().await;
    let user = network.user();
    let call = invoke("cc", &["put", "a", "1"]);
    assert_eq!(
        network.submit(&[0], user, call).await,
        Ok(TxValidationCode::Valid)
    );
    let ledger = network.peers[0].channel(CHANNEL).ledger().clone();
    let height = ledger.height();
    let last = ledger.block(height - 1).unwrap().unwrap();
    let tx_id = model::envelope::tx_id_as_exported(&last.data[0]);
    let query = |function: &str, wanted: &[u8]| {
        channelless("qscc", &[function.as_bytes(), CHANNEL.as_bytes(), wanted])
    };
    let info = payload(&network, query("GetChainInfo", b"")).await;
    let info = BlockchainInfo::decode(info).unwrap();
    assert_eq!(info.height, height);
    assert_eq!(info.current_block_hash, last.header_hash().as_slice());
    assert_eq!(info.previous_block_hash, last.previous_hash);
    let number = (height - 1).to_string();
    for query in [
        query("GetBlockByNumber", number.as_bytes()),
        query("GetBlockByNumber", b"18446744073709551615"),
        query("GetBlockByHash", &last.header_hash()),
        query("GetBlockByTxID", tx_id.as_bytes()),
    ] {
        assert_eq!(payload(&network, query).await, last.encode());
    }
    let processed = payload(&network, query("GetTransactionByID", tx_id.as_bytes())).await;
    let processed = ProcessedTransaction::decode(processed).unwrap();
    assert_eq!(processed.validation_code, 0);
    let envelope = processed.transaction_envelope.unwrap();
    assert_eq!(envelope.encode_to_vec(), last.data[0]);
    // On a channel the answer is endorsed as any other, without reads and writes.
    let answer = network
        .call(0, user, invoke("qscc", &["GetChainInfo", CHANNEL]))
        .await
        .unwrap()
        .into_inner();
    assert!(answer.endorsement.is_some() && answer.interest.is_none());
    let made = action(&answer);
    assert!(made.results.is_empty());
    assert_eq!(made.chaincode_id.unwrap().version, "syscc");
}

#[tokio::test(flavor = "multi_thread")]
async fn qscc_refuses_in_fabrics_words() {
    let network = Network::start().await;
    let strangers = Org::make(&network.folder.path().join("strangers"), 3, "Org3MSP");
    let genesis = network.genesis_of("closed", &[&strangers]);
    network.peers[0].join(&genesis, "closed").await;
    let mut lines = String::new();
    for args in [
        &[b"GetChainInfo".as_slice()][..],
        &[b"GetBlockByNumber", b"trade"],
        &[b"GetChainInfo", b"nowhere"],
        &[b"GetChainInfo", b"closed"],
        &[b"GetEverything", b"trade", b"x"],
        &[b"GetBlockByNumber", b"trade", b"7"],
        &[b"GetBlockByNumber", b"trade", b"+1"],
        &[b"GetBlockByNumber", b"trade", b"18446744073709551616"],
        &[b"GetBlockByHash", b"trade", b"ab"],
        &[b"GetTransactionByID", b"trade", b"ab"],
        &[b"GetBlockByTxID", b"trade", b"ab"],
    ] {
        let answer = network
            .call(0, network.user(), channelless("qscc", args))
            .await;
        writeln!(lines, "{}", show(&answer)).unwrap();
    }
    expect![[r#"
        500 'Incorrect number of arguments, 1' '' [chaincode.arguments]
        500 'missing 3rd argument for GetBlockByNumber' '' [chaincode.arguments]
        500 'Invalid chain ID, nowhere' '' [channel.not_found]
        500 'access denied for [GetChainInfo][closed]: [Failed evaluating policy on signed data during check policy on channel [closed] with policy [/Channel/Application/Readers]: [implicit policy evaluation failed - 0 sub-policies were satisfied, but this policy requires 1 of the 'Readers' sub-policies to be satisfied]]' '' [access.denied]
        500 'access denied for [GetEverything][trade]: [Unmapped policy for qscc/GetEverything]' '' [chaincode.function]
        500 'Failed to get block number 7, error no such block number [7] in index' '' [block.not_found]
        500 'Failed to parse block number with error strconv.ParseUint: parsing "+1": invalid syntax' '' [chaincode.arguments]
        500 'Failed to parse block number with error strconv.ParseUint: parsing "18446744073709551616": value out of range' '' [chaincode.arguments]
        500 'Failed to get block hash ab, error no such block hash [6162] in index' '' [block.not_found]
        500 'Failed to get transaction with id ab, error no such transaction ID [ab] in index' '' [transaction.not_found]
        500 'Failed to get block for txID ab, error no such transaction ID [ab] in index' '' [transaction.not_found]
    "#]].assert_eq(&lines);
}

fn install(package: &lifecycle::Package) -> Invocation {
    let args = messages::InstallChaincodeArgs {
        chaincode_install_package: package.bytes.clone(),
    };
    lifecycle_call("", "InstallChaincode", &args)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_is_installed_by_an_admin_once_and_only_if_it_runs() {
    let network = Network::start().await;
    let [admin, user] = [&network.orgs[0].admin, &network.orgs[0].user];
    let good = lifecycle::Package::build("cc_1", &contract::component()).unwrap();
    let silent = lifecycle::Package::build("silent", &contract::unfit()).unwrap();
    let text = Bytes::from_static(b"not a component");
    let text = lifecycle::Package::build("text", &text).unwrap();
    let mut broken = good.clone();
    broken.bytes = Bytes::from_static(b"\x1f\x8b");
    let mut lines = String::new();
    for (who, package) in [
        (user, &good),
        (admin, &good),
        (admin, &good),
        (admin, &silent),
        (admin, &text),
        (admin, &broken),
    ] {
        let answer = network.call(0, who, install(package)).await;
        let line = show(&answer).replace(&good.package_id, "<id>");
        writeln!(lines, "{line}").unwrap();
    }
    let args = messages::CommitChaincodeDefinitionArgs::default();
    for call in [
        lifecycle_call("", "CommitChaincodeDefinition", &args),
        lifecycle_call("", "Nothing", &args),
    ] {
        writeln!(lines, "{}", show(&network.call(0, admin, call).await)).unwrap();
    }
    expect![[r#"
        500 'Failed to authorize invocation due to failed ACL check: Failed verifying that proposal's creator satisfies local MSP principal during channelless check policy with policy [Admins]: [the identity does not satisfy the principal: it is not a admin of MSP Org1MSP]' '' [access.denied]
        200 '' '<77 bytes>'
        500 'failed to invoke backing implementation of 'InstallChaincode': chaincode already successfully installed (package ID '<id>')' '' [package.installed]
        500 'failed to invoke backing implementation of 'InstallChaincode': could not build chaincode: the contract does not say its metadata: unreachable: the chaincode panicked' '' [chaincode.trapped]
        500 'failed to invoke backing implementation of 'InstallChaincode': could not build chaincode: not-a-component: these bytes are no WebAssembly component; make a component of the core module first (weft chaincode package does)' '' [package.not_component]
        500 'failed to invoke backing implementation of 'InstallChaincode': could not parse as a chaincode install package: error reading the archive: unexpected end of file' '' [package.malformed]
        500 'Failed to authorize invocation due to failed ACL check: Failed getting local MSP principal during channelless check policy with policy [/Channel/Application/Writers]: [MSP Principal role [/Channel/Application/Writers] not recognized.]' '' [channel.not_found]
        500 'Failed to authorize invocation due to failed ACL check: Unmapped policy for _lifecycle/Nothing' '' [chaincode.function]
    "#]].assert_eq(&lines);
    let packages = network.peers[0].node.packages().unwrap();
    assert_eq!(packages.len(), 1);
    assert_eq!(packages[0].package_id, good.package_id);
    assert_eq!(packages[0].installed_at, super::network::NOW_S);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installed_package_says_which_chaincodes_run_with_it() {
    let network = Network::with_chaincode().await;
    network.deploy(CHANNEL, &definition("other")).await;
    let query = messages::QueryInstalledChaincodesArgs {};
    let query = lifecycle_call("", "QueryInstalledChaincodes", &query);
    let found = payload(&network, query).await;
    let found = messages::QueryInstalledChaincodesResult::decode(found).unwrap();
    let found = &found.installed_chaincodes[0];
    let users = &found.references[CHANNEL].chaincodes;
    let users: Vec<_> = users
        .iter()
        .map(|it| (it.name.as_str(), it.version.as_str()))
        .collect();
    assert_eq!(users, [("cc", "1.0"), ("other", "1.0")]);
    let get = messages::GetInstalledChaincodePackageArgs {
        package_id: found.package_id.clone(),
    };
    let get = lifecycle_call("", "GetInstalledChaincodePackage", &get);
    let package = payload(&network, get).await;
    let package = messages::GetInstalledChaincodePackageResult::decode(package).unwrap();
    let expected = lifecycle::Package::build("cc_1", &contract::component()).unwrap();
    assert_eq!(package.chaincode_install_package, expected.bytes);
}
