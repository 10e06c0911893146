use bytes::Bytes;
use expect_test::{Expect, expect};
use proptest::prelude::*;
use prost::Message;
use proto::{
    common::{ChannelHeader, Envelope, Header, HeaderType, Payload, SignatureHeader},
    protos::{
        ChaincodeAction, ChaincodeActionPayload, ChaincodeEndorsedAction, ChaincodeEvent,
        ChaincodeHeaderExtension, ChaincodeId, ProposalResponsePayload, Transaction,
        TransactionAction,
    },
};

use super::{Content, Fault, Opened};
use crate::{TxId, codes, hash::sha256_of};

fn encoded(message: &impl Message) -> Bytes {
    message.encode_to_vec().into()
}

const BROKEN: Bytes = Bytes::from_static(b"\xff");

/// The parts of a transaction before they are put together; a test changes one and sees what code that gives.
struct Parts {
    channel_header: ChannelHeader,
    signature_header: SignatureHeader,
    extension: Bytes,
    action_header: Option<Bytes>,
    action_count: usize,
    proposal_payload: Bytes,
    chaincode_action: ChaincodeAction,
    response_extension: Option<Bytes>,
    proposal_hash: Option<Bytes>,
    endorsed: bool,
    data: Option<Bytes>,
}

impl Default for Parts {
    fn default() -> Self {
        let id = |version: &str| ChaincodeId {
            name: "cc".into(),
            version: version.into(),
            ..Default::default()
        };
        let signature_header = SignatureHeader {
            creator: "creator".into(),
            nonce: "nonce".into(),
        };
        let tx_id = TxId::compute(&signature_header.nonce, &signature_header.creator);
        Self {
            channel_header: ChannelHeader {
                r#type: HeaderType::EndorserTransaction.into(),
                channel_id: "ch1".into(),
                tx_id: tx_id.to_string(),
                ..Default::default()
            },
            signature_header,
            extension: encoded(&ChaincodeHeaderExtension {
                chaincode_id: Some(id("")),
            }),
            action_header: None,
            action_count: 1,
            proposal_payload: "input".into(),
            chaincode_action: ChaincodeAction {
                chaincode_id: Some(id("1.0")),
                ..Default::default()
            },
            response_extension: None,
            proposal_hash: None,
            endorsed: true,
            data: None,
        }
    }
}

impl Parts {
    fn with(change: impl FnOnce(&mut Self)) -> Self {
        let mut parts = Self::default();
        change(&mut parts);
        parts
    }

    fn entry(mut self) -> Bytes {
        self.channel_header.extension = self.extension.clone();
        let header = Header {
            channel_header: encoded(&self.channel_header),
            signature_header: encoded(&self.signature_header),
        };
        let data = self
            .data
            .clone()
            .unwrap_or_else(|| self.transaction(&header));
        let payload = encoded(&Payload {
            header: Some(header),
            data,
        });
        encoded(&Envelope {
            payload,
            signature: "signature".into(),
        })
    }

    fn transaction(&self, header: &Header) -> Bytes {
        let action_header = self.action_header.clone();
        let action_header = action_header.unwrap_or_else(|| header.signature_header.clone());
        let hash = sha256_of([
            &header.channel_header,
            &action_header,
            &self.proposal_payload,
        ]);
        let hash = Bytes::copy_from_slice(&hash);
        let result = self.response_extension.clone();
        let response_payload = ProposalResponsePayload {
            proposal_hash: self.proposal_hash.clone().unwrap_or(hash),
            extension: result.unwrap_or_else(|| encoded(&self.chaincode_action)),
        };
        let action = ChaincodeActionPayload {
            chaincode_proposal_payload: self.proposal_payload.clone(),
            action: self.endorsed.then(|| ChaincodeEndorsedAction {
                proposal_response_payload: encoded(&response_payload),
                endorsements: vec![],
            }),
        };
        let action = TransactionAction {
            header: action_header,
            payload: encoded(&action),
        };
        encoded(&Transaction {
            actions: vec![action; self.action_count],
        })
    }
}

/// All stages of this crate, as the committer goes through them.
fn outcome(entry: &Bytes) -> String {
    let stages = || -> Result<String, Fault> {
        let content = Opened::parse(entry)?.content()?;
        match content {
            Content::Config(config) => Ok(format!("config of {} bytes", config.len())),
            Content::Endorsed(endorsed) => {
                let invoked = endorsed.action()?.invoked()?;
                let event = invoked.event.map(|event| event.event_name);
                Ok(format!(
                    "{}:{} event {event:?}",
                    invoked.name, invoked.version
                ))
            }
        }
    };
    stages().unwrap_or_else(|fault| format!("{} {fault}", codes::name(fault.code)))
}

fn check(change: impl FnOnce(&mut Parts), expected: Expect) {
    expected.assert_eq(&outcome(&Parts::with(change).entry()));
}

#[test]
fn what_no_rule_forbids_is_accepted() {
    check(|_| (), expect!["cc:1.0 event None"]);
    check(
        |parts| parts.channel_header.version = 7,
        expect!["cc:1.0 event None"],
    );
    check(
        |parts| parts.channel_header.channel_id = String::new(),
        expect!["cc:1.0 event None"],
    );
    check(
        |parts| parts.chaincode_action.results = BROKEN,
        expect!["cc:1.0 event None"],
    );
    check(
        |parts| parts.proposal_payload = BROKEN,
        expect!["cc:1.0 event None"],
    );
}

#[test]
fn the_action_s_header_need_not_be_the_outer_one_but_must_be_whole() {
    let header = |nonce: &'static str, creator: &'static str| {
        Some(encoded(&SignatureHeader {
            creator: creator.into(),
            nonce: nonce.into(),
        }))
    };
    check(
        |parts| parts.action_header = header("other", "other"),
        expect!["cc:1.0 event None"],
    );
    check(
        |parts| parts.action_header = header("", "other"),
        expect!["INVALID_ENDORSER_TRANSACTION the action's header: it has no nonce"],
    );
    check(
        |parts| parts.action_header = header("other", ""),
        expect!["INVALID_ENDORSER_TRANSACTION the action's header: it names no creator"],
    );
    check(
        |parts| parts.action_header = Some(BROKEN),
        expect![
            "INVALID_ENDORSER_TRANSACTION the action's header: it does not decode: failed to decode Protobuf message: invalid varint"
        ],
    );
}

#[test]
fn a_header_that_breaks_a_rule_is_a_bad_common_header() {
    check(
        |parts| parts.channel_header.r#type = HeaderType::Message.into(),
        expect![
            "BAD_COMMON_HEADER the channel header: its type is 0 (MESSAGE), which cannot be committed"
        ],
    );
    check(
        |parts| parts.channel_header.r#type = HeaderType::OrdererTransaction.into(),
        expect![
            "BAD_COMMON_HEADER the channel header: its type is 4 (ORDERER_TRANSACTION), which cannot be committed"
        ],
    );
    check(
        |parts| parts.channel_header.r#type = 99,
        expect!["BAD_COMMON_HEADER the channel header: its type is 99, which cannot be committed"],
    );
    check(
        |parts| parts.channel_header.epoch = 1,
        expect!["BAD_COMMON_HEADER the channel header: it states epoch 1, it must be 0"],
    );
    check(
        |parts| parts.signature_header.nonce = Bytes::new(),
        expect!["BAD_COMMON_HEADER the signature header: it has no nonce"],
    );
    check(
        |parts| parts.signature_header.creator = Bytes::new(),
        expect!["BAD_COMMON_HEADER the signature header: it names no creator"],
    );
}

#[test]
fn configurations_are_passed_on_and_bare_updates_refused() {
    let config = HeaderType::Config.into();
    check(
        |parts| parts.channel_header.r#type = HeaderType::ConfigUpdate.into(),
        expect![
            "UNSUPPORTED_TX_PAYLOAD the channel header: its type is CONFIG_UPDATE: a configuration update is ordered inside a configuration only"
        ],
    );
    check(
        |parts| (parts.channel_header.r#type, parts.data) = (config, Some(Bytes::new())),
        expect!["INVALID_CONFIG_TRANSACTION the payload: it holds no configuration"],
    );
    check(
        |parts| (parts.channel_header.r#type, parts.data) = (config, Some("config".into())),
        expect!["config of 6 bytes"],
    );
}

#[test]
fn the_tx_id_is_compared_digit_by_digit() {
    check(
        |parts| parts.channel_header.tx_id.make_ascii_uppercase(),
        expect![[
            r#"BAD_PROPOSAL_TXID the channel header: it states transaction id "709184F9D24F6ADE8FCD4D6521A6EEF295FEF6C2E67216C58B68AC15E8946492"; the hash of nonce and creator is 709184f9d24f6ade8fcd4d6521a6eef295fef6c2e67216c58b68ac15e8946492"#
        ]],
    );
    check(
        |parts| parts.channel_header.tx_id.clear(),
        expect![[
            r#"BAD_PROPOSAL_TXID the channel header: it states transaction id ""; the hash of nonce and creator is 709184f9d24f6ade8fcd4d6521a6eef295fef6c2e67216c58b68ac15e8946492"#
        ]],
    );
    check(
        |parts| parts.channel_header.tx_id.push(' '),
        expect![[
            r#"BAD_PROPOSAL_TXID the channel header: it states transaction id "709184f9d24f6ade8fcd4d6521a6eef295fef6c2e67216c58b68ac15e8946492 "; the hash of nonce and creator is 709184f9d24f6ade8fcd4d6521a6eef295fef6c2e67216c58b68ac15e8946492"#
        ]],
    );
}

#[test]
fn a_transaction_of_another_shape_is_an_invalid_endorser_transaction() {
    check(
        |parts| parts.data = Some(Bytes::new()),
        expect!["INVALID_ENDORSER_TRANSACTION the transaction: it has 0 actions, it must have one"],
    );
    check(
        |parts| parts.data = Some(BROKEN),
        expect![
            "INVALID_ENDORSER_TRANSACTION the transaction: it does not decode: failed to decode Protobuf message: invalid varint"
        ],
    );
    check(
        |parts| parts.action_count = 0,
        expect!["INVALID_ENDORSER_TRANSACTION the transaction: it has 0 actions, it must have one"],
    );
    check(
        |parts| parts.action_count = 2,
        expect!["INVALID_ENDORSER_TRANSACTION the transaction: it has 2 actions, it must have one"],
    );
    check(
        |parts| parts.endorsed = false,
        expect!["INVALID_ENDORSER_TRANSACTION the action's payload: it holds no endorsed action"],
    );
    check(
        |parts| parts.proposal_payload = Bytes::new(),
        expect!["INVALID_ENDORSER_TRANSACTION the action's payload: it holds no proposal"],
    );
    check(
        |parts| parts.proposal_hash = Some(Bytes::new()),
        expect![
            "INVALID_ENDORSER_TRANSACTION the endorsed response: its proposal hash is not that of the proposal in the transaction"
        ],
    );
    check(
        |parts| parts.proposal_hash = Some(vec![0; 32].into()),
        expect![
            "INVALID_ENDORSER_TRANSACTION the endorsed response: its proposal hash is not that of the proposal in the transaction"
        ],
    );
}

#[test]
fn faults_of_the_extension_come_before_faults_of_the_result() {
    check(
        |parts| parts.extension = BROKEN,
        expect![
            "BAD_HEADER_EXTENSION the channel header's extension: it does not decode: failed to decode Protobuf message: invalid varint"
        ],
    );
    check(
        |parts| parts.response_extension = Some(BROKEN),
        expect![
            "BAD_RESPONSE_PAYLOAD the endorsed result: it does not decode: failed to decode Protobuf message: invalid varint"
        ],
    );
    check(
        |parts| parts.response_extension = Some(Bytes::new()),
        expect!["BAD_RESPONSE_PAYLOAD the endorsed result: it is missing or empty"],
    );
    check(
        |parts| (parts.extension, parts.response_extension) = (BROKEN, Some(BROKEN)),
        expect![
            "BAD_HEADER_EXTENSION the channel header's extension: it does not decode: failed to decode Protobuf message: invalid varint"
        ],
    );
}

#[test]
fn client_and_endorsers_must_name_the_same_chaincode_and_a_version() {
    let id = |name: &str, version: &str| {
        let (name, version) = (name.to_owned(), version.to_owned());
        Some(ChaincodeId {
            name,
            version,
            ..Default::default()
        })
    };
    let named = |name: &str| {
        encoded(&ChaincodeHeaderExtension {
            chaincode_id: id(name, ""),
        })
    };
    check(
        |parts| parts.extension = Bytes::new(),
        expect!["INVALID_OTHER_REASON the channel header's extension: it names no chaincode"],
    );
    check(
        |parts| {
            parts.chaincode_action.chaincode_id = None;
            parts.chaincode_action.results = "x".into();
        },
        expect!["INVALID_OTHER_REASON the endorsed result: it names no chaincode"],
    );
    check(
        |parts| parts.extension = named("other"),
        expect![[
            r#"INVALID_CHAINCODE the endorsed result: the client named chaincode "other", the endorsers ran "cc""#
        ]],
    );
    check(
        |parts| {
            parts.extension = named("");
            parts.chaincode_action.chaincode_id = id("", "1.0");
        },
        expect!["INVALID_CHAINCODE the channel header's extension: its chaincode's name is empty"],
    );
    check(
        |parts| parts.chaincode_action.chaincode_id = id("cc", ""),
        expect!["INVALID_CHAINCODE the endorsed result: it states no version of the chaincode"],
    );
    check(
        |parts| parts.chaincode_action.chaincode_id = id("cc", "99"),
        expect!["cc:99 event None"],
    );
}

#[test]
fn an_event_must_be_the_invoked_chaincode_s() {
    let event = |chaincode: &str| {
        encoded(&ChaincodeEvent {
            chaincode_id: chaincode.into(),
            event_name: "created".into(),
            ..Default::default()
        })
    };
    check(
        |parts| parts.chaincode_action.events = event("cc"),
        expect![[r#"cc:1.0 event Some("created")"#]],
    );
    check(
        |parts| parts.chaincode_action.events = event("other"),
        expect![[
            r#"INVALID_OTHER_REASON the event: it is of chaincode "other", the transaction invoked "cc""#
        ]],
    );
    check(
        |parts| parts.chaincode_action.events = BROKEN,
        expect![
            "INVALID_OTHER_REASON the event: it does not decode: failed to decode Protobuf message: invalid varint"
        ],
    );
}

#[test]
fn what_the_creator_signed_is_the_payload_as_received() {
    let entry = Parts::default().entry();
    let opened = Opened::parse(&entry).unwrap();
    let envelope = Envelope::decode(entry).unwrap();
    assert_eq!(opened.signed_bytes(), &envelope.payload);
    assert_eq!(opened.signature(), &envelope.signature);
    assert_eq!(opened.creator(), &Bytes::from("creator"));
    assert_eq!(opened.channel_id(), "ch1");
    assert!(!opened.is_config());
}

proptest! {
    #[test]
    fn no_bytes_make_a_stage_panic(bytes: Vec<u8>) {
        outcome(&bytes.into());
    }

    #[test]
    fn no_changed_or_cut_transaction_makes_a_stage_panic(position in 0_usize..400, byte: u8, end in 0_usize..400) {
        let mut entry = Parts::default().entry().to_vec();
        if let Some(place) = entry.get_mut(position) {
            *place = byte;
        }
        outcome(&entry.clone().into());
        entry.truncate(end);
        outcome(&entry.into());
    }

    #[test]
    fn no_content_makes_a_later_stage_panic(data: Vec<u8>, extension: Vec<u8>, result: Vec<u8>) {
        outcome(&Parts::with(|parts| parts.data = Some(data.into())).entry());
        outcome(&Parts::with(|parts| {
            parts.extension = extension.into();
            parts.response_extension = Some(result.into());
        }).entry());
    }
}
