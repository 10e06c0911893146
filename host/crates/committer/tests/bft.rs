//! Blocks of BFT orderers: their signatures name the consenter by its number in the channel's configuration.
//!
//! No such network was recorded, so the recorded channel's configuration is changed to have two consenters, who sign here.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test: a panic is its way to fail"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use committer::{Config, Metrics, Opening, commit_block, open_channel};
use ledger::PeerLedger;
use model::block::BlockSignature;
use model::{Block, ChannelId};
use msp::{SignatureMemo, Signer as _, SigningIdentity};
use prost::Message as _;
use proto::common::{
    ConfigEnvelope, ConfigGroup, ConfigValue, Consenter, Envelope, IdentifierHeader, LastConfig,
    MspPrincipal, OrdererBlockMetadata, Orderers, Payload, SignaturePolicy,
    SignaturePolicyEnvelope, msp_principal::Classification, policy::PolicyType, signature_policy,
};
use proto::msp::SerializedIdentity;
use proto::orderer::ConsensusType;
use recordings::channel as vectors;

const ORG: &str = "crypto/ordererOrganizations/ord.test";
const CONSENTERS: [&str; 2] = ["orderers/o1.ord.test/msp", "users/Admin@ord.test/msp"];

struct Network {
    vectors: PathBuf,
    consenters: Vec<SigningIdentity>,
    genesis: Block,
}

impl Network {
    /// `capability` is the channel's.
    fn new(vectors: PathBuf, capability: &str) -> Self {
        let signer = |folder: &&str| {
            SigningIdentity::from_folder(&vectors.join(ORG).join(folder), "OrdererMSP").unwrap()
        };
        let consenters: Vec<_> = CONSENTERS.iter().map(signer).collect();
        let genesis = genesis(&vectors, &consenters, capability);
        Self {
            vectors,
            consenters,
            genesis,
        }
    }

    /// The recorded block 1 on this chain, signed as `signers` say: a consenter, and the number it gives itself.
    fn block(&self, signers: &[(usize, u32)]) -> Block {
        let file = self.vectors.join("orderer/1.block");
        let data = Block::decode(std::fs::read(file).unwrap()).unwrap().data;
        let previous = Bytes::copy_from_slice(&self.genesis.header_hash());
        let mut block = Block::new(1, previous, data);
        let value = OrdererBlockMetadata {
            last_config: Some(LastConfig { index: 0 }),
            consenter_metadata: Bytes::new(),
        };
        let value: Bytes = value.encode_to_vec().into();
        let header = block.header_bytes();
        let signed = signers.iter().map(|(consenter, identifier)| {
            let identifier_header = IdentifierHeader {
                identifier: *identifier,
                nonce: Bytes::from_static(b"nonce"),
            };
            let identifier_header: Bytes = identifier_header.encode_to_vec().into();
            let message = [value.as_ref(), &identifier_header, &header].concat();
            BlockSignature {
                signature_header: Bytes::new(),
                identifier_header,
                signature: self.consenters[*consenter].sign(&message).unwrap(),
            }
        });
        let signed = signed.collect();
        block.set_orderer_metadata(value, signed);
        block
    }

    /// What becomes of block 1 with these signatures.
    async fn commit(&self, signers: &[(usize, u32)]) -> Result<(), String> {
        let data = tempfile::tempdir().unwrap();
        let (id, config) = (ChannelId::parse("ch1").unwrap(), ledger::Config::default());
        let place = data.path().join("ch1");
        let ledger = PeerLedger::create(&place, &id, &self.genesis, config)
            .await
            .unwrap();
        let opening = Opening {
            genesis: Some(self.genesis.clone()),
            memo: Arc::new(SignatureMemo::new(100)),
            msp_id: "Org1MSP".to_owned(),
            waiters_max: 1,
        };
        let (config, metrics) = (Config::default(), Metrics::default());
        let channel = open_channel(ledger, opening, &config, &metrics)
            .await
            .unwrap();
        let done = commit_block(&channel, self.block(signers), &config, &metrics).await;
        done.map(drop).map_err(|error| error.to_string())
    }
}

/// The recorded genesis block, with BFT ordering by `consenters`, both of whom must sign.
fn genesis(vectors: &Path, consenters: &[SigningIdentity], capability: &str) -> Block {
    let file = std::fs::read(vectors.join("genesis.block")).unwrap();
    let entry = Block::decode(file).unwrap().data[0].clone();
    let mut envelope = Envelope::decode(entry).unwrap();
    let mut payload = Payload::decode(envelope.payload).unwrap();
    let mut content = ConfigEnvelope::decode(payload.data).unwrap();
    let root = content
        .config
        .as_mut()
        .unwrap()
        .channel_group
        .as_mut()
        .unwrap();
    let capabilities = proto::common::Capabilities {
        capabilities: [(capability.to_owned(), Default::default())].into(),
    };
    set(root, "Capabilities", capabilities.encode_to_vec());
    let orderer = root.groups.get_mut("Orderer").unwrap();
    let mut consensus =
        ConsensusType::decode(orderer.values["ConsensusType"].value.clone()).unwrap();
    consensus.r#type = "BFT".to_owned();
    set(orderer, "ConsensusType", consensus.encode_to_vec());
    let identities: Vec<_> = consenters
        .iter()
        .map(|signer| SerializedIdentity::decode(signer.identity().clone()).unwrap())
        .collect();
    let mapping = (1..).zip(&identities).map(|(id, identity)| Consenter {
        id,
        msp_id: identity.mspid.clone(),
        identity: identity.id_bytes.clone(),
        ..Consenter::default()
    });
    let mapping = Orderers {
        consenter_mapping: mapping.collect(),
    };
    set(orderer, "Orderers", mapping.encode_to_vec());
    let policy = orderer.policies.get_mut("BlockValidation").unwrap();
    let policy = policy.policy.as_mut().unwrap();
    policy.r#type = PolicyType::Signature.into();
    policy.value = both_of(consenters).encode_to_vec().into();
    payload.data = content.encode_to_vec().into();
    envelope.payload = payload.encode_to_vec().into();
    Block::new(0, Bytes::new(), vec![envelope.encode_to_vec().into()])
}

fn set(group: &mut ConfigGroup, name: &str, value: Vec<u8>) {
    let slot = group
        .values
        .entry(name.to_owned())
        .or_insert_with(|| ConfigValue {
            mod_policy: "Admins".to_owned(),
            ..ConfigValue::default()
        });
    slot.value = value.into();
}

fn both_of(consenters: &[SigningIdentity]) -> SignaturePolicyEnvelope {
    let rule = |index| SignaturePolicy {
        r#type: Some(signature_policy::Type::SignedBy(index)),
    };
    let all = signature_policy::NOutOf {
        n: 2,
        rules: vec![rule(0), rule(1)],
    };
    let principal = |signer: &SigningIdentity| MspPrincipal {
        principal_classification: Classification::Identity.into(),
        principal: signer.identity().clone(),
    };
    SignaturePolicyEnvelope {
        version: 0,
        rule: Some(SignaturePolicy {
            r#type: Some(signature_policy::Type::NOutOf(all)),
        }),
        identities: consenters.iter().map(principal).collect(),
    }
}

#[tokio::test]
async fn consenters_are_found_by_their_numbers() {
    let Some(vectors) = vectors() else { return };
    let network = Network::new(vectors, "V3_0");
    assert_eq!(network.commit(&[(0, 1), (1, 2)]).await, Ok(()));
    assert_eq!(network.commit(&[(1, 2), (0, 1)]).await, Ok(()));
    assert_eq!(
        network.commit(&[(0, 7), (1, 2), (0, 1)]).await,
        Ok(()),
        "nobody's number is passed over"
    );
    for too_few in [
        &[(0, 1)][..],
        &[(0, 1), (0, 1)],
        &[(0, 1), (1, 7)],
        &[(0, 1), (0, 2)],
    ] {
        let refused = network.commit(too_few).await.unwrap_err();
        assert!(
            refused.contains("do not satisfy /Channel/Orderer/BlockValidation"),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn below_v3_0_a_number_names_nobody() {
    let Some(vectors) = vectors() else { return };
    let network = Network::new(vectors, "V2_0");
    assert!(network.commit(&[(0, 1), (1, 2)]).await.is_err());
}
