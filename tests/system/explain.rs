//! Why transactions have no effect, as users ask: on the command line and over REST, on a real network.

use prost::Message as _;
use proto::common::Payload;
use proto::protos::{ChaincodeActionPayload, Transaction};
use serde_json::Value;
use system_tests::{Client, Http, Network, Node, Prepared, Random, Weft, profile};

struct World {
    network: Network,
    client: Client,
    weft: Weft,
    http: Http,
    runtime: tokio::runtime::Runtime,
}

impl World {
    fn new() -> Self {
        let network = Network::dev(&["mychannel"]).unwrap();
        network.deploy("asset-transfer", "basic").unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let client = {
            let _entered = runtime.enter();
            network
                .client(profile::ORG1_USER, Random::new(0xe791a))
                .unwrap()
        };
        Self {
            client,
            weft: network.weft(profile::ORG1_USER),
            http: network
                .http(Node::Peer1)
                .unwrap()
                .with_token(network.token()),
            network,
            runtime,
        }
    }

    fn endorse(&self, args: &[&str]) -> Prepared {
        self.runtime
            .block_on(self.client.endorse("basic", args))
            .unwrap()
    }

    /// Submits and waits; the code's name.
    fn submit(&self, prepared: &Prepared) -> &'static str {
        let outcome = self.runtime.block_on(async {
            self.client.submit(prepared).await?;
            self.client.commit_status(&prepared.tx_id).await
        });
        outcome.unwrap().code.as_str_name()
    }

    fn do_now(&self, args: &[&str]) -> Prepared {
        let prepared = self.endorse(args);
        assert_eq!(self.submit(&prepared), "VALID");
        prepared
    }

    /// What both doors say, which is the same; the text for people with it.
    fn explained(&self, prepared: &Prepared) -> (Value, String) {
        let told = self.weft.json(&["tx", "explain", &prepared.tx_id]).unwrap();
        let path = format!(
            "/v1/channels/mychannel/transactions/{}/explanation",
            prepared.tx_id
        );
        let answer = self.http.get(&path).unwrap();
        assert_eq!((answer.status, answer.json()), (200, told.clone()));
        (
            told,
            self.weft.ok(&["tx", "explain", &prepared.tx_id]).unwrap(),
        )
    }
}

fn create(id: &str) -> [&str; 6] {
    ["CreateAsset", id, "blue", "5", "Ann", "300"]
}

/// The transaction with its first endorsement only, signed again.
fn with_one_endorsement(prepared: &Prepared, client: &Client) -> Prepared {
    use msp::Signer as _;
    let mut payload = Payload::decode(prepared.envelope.payload.clone()).unwrap();
    let mut transaction = Transaction::decode(payload.data.clone()).unwrap();
    let mut action =
        ChaincodeActionPayload::decode(transaction.actions[0].payload.clone()).unwrap();
    let endorsements = &mut action.action.as_mut().unwrap().endorsements;
    assert!(endorsements.len() > 1, "there is one to take away");
    endorsements.truncate(1);
    transaction.actions[0].payload = action.encode_to_vec().into();
    payload.data = transaction.encode_to_vec().into();
    let mut changed = prepared.clone();
    changed.envelope.payload = payload.encode_to_vec().into();
    changed.envelope.signature = client.signer().sign(&changed.envelope.payload).unwrap();
    changed
}

#[test]
fn a_conflict_a_missing_endorsement_and_a_phantom_are_explained_by_their_causes() {
    let world = World::new();
    let created = world.do_now(&create("car"));
    let (told, text) = world.explained(&created);
    assert_eq!(told["writes"][0]["key"]["key"], "car", "{told}");
    assert!(text.starts_with("VALID (0): "), "{text}");

    let late = world.endorse(&["TransferAsset", "car", "Tom"]);
    let first = world.do_now(&["TransferAsset", "car", "Eve"]);
    assert_eq!(world.submit(&late), "MVCC_READ_CONFLICT");
    let (told, text) = world.explained(&late);
    let cause = &told["cause"];
    assert_eq!(
        (
            &cause["kind"],
            &cause["key"]["key"],
            &cause["by"]["tx_id"],
            &cause["change"]
        ),
        (
            &"read".into(),
            &"car".into(),
            &first.tx_id.clone().into(),
            &"written".into()
        ),
        "{told}"
    );
    let line = format!("({}) has written it since.", first.tx_id);
    assert!(
        text.contains("\nCause: key \"car\" of chaincode basic was read") && text.contains(&line),
        "{text}"
    );

    let lone = with_one_endorsement(&world.endorse(&create("bike")), &world.client);
    assert_eq!(world.submit(&lone), "ENDORSEMENT_POLICY_FAILURE");
    let (told, text) = world.explained(&lone);
    let cause = &told["cause"];
    assert_eq!(
        (
            &cause["kind"],
            &cause["policy"],
            &cause["owner"],
            &cause["written"]["key"]
        ),
        (
            &"policy".into(),
            &"/Channel/Application/Endorsement".into(),
            &"chaincode".into(),
            &"bike".into()
        ),
        "{told}"
    );
    assert!(
        text.contains("MSP.peer': satisfied by CN=peer0.org"),
        "{text}"
    );
    assert!(
        text.contains("MSP.peer': lacking: no good endorsement is by a member of Org"),
        "{text}"
    );

    let ranging = world.endorse(&["GetAllAssets"]);
    let plane = world.do_now(&create("plane"));
    assert_eq!(world.submit(&ranging), "PHANTOM_READ_CONFLICT");
    let (told, text) = world.explained(&ranging);
    let difference = &told["cause"]["differences"][0];
    assert_eq!(
        (
            &difference["key"],
            &difference["change"],
            &difference["by"]["tx_id"]
        ),
        (
            &"plane".into(),
            &"gained".into(),
            &plane.tx_id.clone().into()
        ),
        "{told}"
    );
    assert!(
        text.contains("it gained key \"plane\", which transaction 0 of block "),
        "{text}"
    );
    check_others(&world, &late);
}

/// What is asked wrongly, by a place, or by a peer of the other organisation.
fn check_others(world: &World, late: &Prepared) {
    let unknown = "0".repeat(64);
    let failed = world.weft.fails(&["tx", "explain", &unknown]).unwrap();
    assert!(failed.contains("error[transaction.not_found]"), "{failed}");
    let path = format!("/v1/channels/mychannel/transactions/{unknown}/explanation");
    assert_eq!(
        world.http.get(&path).unwrap().code(),
        "transaction.not_found"
    );
    let (told, _) = world.explained(late);
    let place = format!("{}:{}", told["block"], told["tx"]);
    assert_eq!(world.weft.json(&["tx", "explain", &place]).unwrap(), told);
    let other = world.network.weft(profile::ORG2_USER);
    // It may be a block behind; it ends with the code for a transaction without effect.
    let (code, _) = other
        .code(&["tx", "status", &late.tx_id, "--wait"])
        .unwrap();
    assert_eq!(code, 4);
    assert_eq!(
        other.json(&["tx", "explain", &late.tx_id]).unwrap(),
        told,
        "the other peer says the same"
    );
}
