//! A channel's configuration, and what is asked to become the next one.
//!
//! The first byte says what the rest is.

use std::sync::Arc;

use bytes::Bytes;
use channel::{Bundle, update};
use model::{Block, ChannelId, Envelope};
use msp::{SignatureMemo, Signer as _};
use prost::Message as _;
use proto::FromWire as _;
use proto::common::{
    ChannelHeader, Config, ConfigEnvelope, ConfigSignature, ConfigUpdate, ConfigUpdateEnvelope,
    Header, HeaderType, Payload, SignatureHeader,
};

use crate::network::{CHANNEL, NOW, network};
use crate::recorded;

pub(super) fn run(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    let rest = Bytes::copy_from_slice(rest);
    match kind % 5 {
        0 => envelope(&rest),
        1 => block(&rest),
        2 => next(&rest),
        3 => proposed(&rest),
        _ => signed(&rest),
    }
}

/// A configuration that can be used answers everything a node asks of it.
fn envelope(bytes: &Bytes) {
    let (id, memo) = (ChannelId::parse(CHANNEL).expect("an id"), memo());
    let Ok(envelope) = ConfigEnvelope::from_wire(bytes.clone()) else {
        return;
    };
    if let Ok(bundle) = Bundle::from_config_envelope(&id, &envelope, &memo) {
        look(&bundle);
        assert_eq!(envelope.config.as_ref(), Some(bundle.config()));
    }
}

fn block(bytes: &Bytes) {
    let Ok(block) = Block::decode(bytes.clone()) else {
        return;
    };
    assert!(!channel::is_config_block(&block) || block.config().is_some());
    if let Ok(bundle) = Bundle::from_block(&block, &memo()) {
        look(&bundle);
        // The signature header is no part of a configuration, but the block's own answer needs it decoded.
        if let Ok(channel) = block.channel_id() {
            assert_eq!(bundle.channel_id().as_str(), channel);
        }
    }
}

/// What a peer accepts as the next configuration is one later and can be used.
fn next(bytes: &Bytes) {
    let Ok(envelope) = ConfigEnvelope::from_wire(bytes.clone()) else {
        return;
    };
    let current = &network().bundle;
    if let Ok(next) = update::check(current, &envelope) {
        assert_eq!(next.sequence(), current.sequence() + 1);
        look(&next);
    }
}

/// What an orderer proposes, every peer accepts.
fn proposed(bytes: &Bytes) {
    let Ok(envelope) = Envelope::decode(bytes) else {
        return;
    };
    propose(&proto::common::Envelope {
        payload: envelope.payload,
        signature: envelope.signature,
    });
}

/// An update that the administrators of both organisations signed, whatever it says.
fn signed(update: &Bytes) {
    if let Ok(read) = ConfigUpdate::from_wire(update.clone()) {
        propose(&enveloped(&read.channel_id, &by_administrators(update)));
    }
}

fn by_administrators(update: &Bytes) -> ConfigUpdateEnvelope {
    let signatures = network().members.iter().map(|[admin, ..]| {
        let header = SignatureHeader {
            creator: admin.identity().clone(),
            nonce: Bytes::from_static(&[7; 24]),
        };
        let signature_header: Bytes = header.encode_to_vec().into();
        let signed = [&signature_header[..], update].concat();
        ConfigSignature {
            signature: admin.sign(&signed).expect("our key signs"),
            signature_header,
        }
    });
    ConfigUpdateEnvelope {
        config_update: update.clone(),
        signatures: signatures.collect(),
    }
}

/// A good update of what only orderers may change, signed by others.
pub(super) fn update() -> proto::common::Envelope {
    let update = larger_batches().encode_to_vec().into();
    enveloped(CHANNEL, &by_administrators(&update))
}

fn propose(update: &proto::common::Envelope) {
    let current = &network().bundle;
    if let Ok(envelope) = update::propose(current, update) {
        let next = update::check(current, &envelope).expect("peers accept what orderers propose");
        assert_eq!(next.sequence(), current.sequence() + 1);
        look(&next);
    }
}

fn enveloped(channel_id: &str, content: &ConfigUpdateEnvelope) -> proto::common::Envelope {
    let channel_header = ChannelHeader {
        r#type: HeaderType::ConfigUpdate.into(),
        channel_id: channel_id.to_owned(),
        timestamp: Some(NOW),
        ..ChannelHeader::default()
    };
    let payload = Payload {
        header: Some(Header {
            channel_header: channel_header.encode_to_vec().into(),
            signature_header: Bytes::new(),
        }),
        data: content.encode_to_vec().into(),
    };
    proto::common::Envelope {
        payload: payload.encode_to_vec().into(),
        signature: Bytes::from_static(b"signature"),
    }
}

fn memo() -> Arc<SignatureMemo> {
    Arc::new(SignatureMemo::new(10))
}

fn look(bundle: &Bundle) {
    let _ = (
        bundle.orderer_endpoints(),
        bundle.tls_roots_pem(None),
        bundle.orderer(),
    );
    let _ = bundle.application().org_of_msp("Org1MSP");
    serde_json::to_string(&decoded::ChannelConfig::of(bundle)).expect("it is shown as JSON");
    for path in ["/Channel/Writers", "/Channel/Application/Endorsement"] {
        let _ = bundle.policies().evaluate_identities(path, &[]);
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let network = network();
    let mut seeds = Vec::new();
    let mut add = |kind: u8, bytes: &[u8]| seeds.push([&[kind], bytes].concat());
    add(0, &network.genesis.config().unwrap());
    add(1, &network.genesis.encode());
    add(4, &larger_batches().encode_to_vec());
    let recorded = recorded::blocks()
        .into_iter()
        .map(|block| Block::decode(block).unwrap());
    let recorded: Vec<Block> = recorded.filter(Block::is_config).collect();
    for block in recorded.iter().take(6) {
        add(0, &block.config().unwrap());
        add(2, &block.config().unwrap());
        let config = ConfigEnvelope::decode(block.config().unwrap()).unwrap();
        let update = config.last_update.unwrap_or_default();
        add(3, &update.encode_to_vec());
    }
    seeds
}

/// An update of one value.
fn larger_batches() -> ConfigUpdate {
    let config: &Config = network().bundle.config();
    let mut root = config.channel_group.clone().unwrap();
    let mut bare = root.clone();
    for group in [&mut root, &mut bare] {
        group.groups.retain(|name, _| name == "Orderer");
        group.values.clear();
        group.policies.clear();
        let orderer = group.groups.get_mut("Orderer").unwrap();
        orderer.groups.clear();
        orderer.policies.clear();
        orderer.values.retain(|name, _| name == "BatchTimeout");
    }
    let orderer = root.groups.get_mut("Orderer").unwrap();
    let timeout = orderer.values.get_mut("BatchTimeout").unwrap();
    timeout.version += 1;
    timeout.value = Bytes::from_static(b"\x0a\x025s");
    bare.groups.get_mut("Orderer").unwrap().values.clear();
    ConfigUpdate {
        channel_id: CHANNEL.to_owned(),
        read_set: Some(bare),
        write_set: Some(root),
        ..ConfigUpdate::default()
    }
}
