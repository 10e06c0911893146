//! Updates of the recorded configuration, signed with the recorded keys, through an orderer and a peer.

use std::path::PathBuf;

use bytes::Bytes;
use channel::{Bundle, Error, update};
use expect_test::{Expect, expect};
use model::ChannelId;
use msp::{Signer, SigningIdentity};
use prost::Message;
use proto::{
    common::{
        Capabilities, ChannelHeader, Config, ConfigEnvelope, ConfigGroup, ConfigSignature,
        ConfigUpdate, ConfigUpdateEnvelope, ConfigValue, Envelope, Header, HeaderType,
        OrdererAddresses, Payload, SignatureHeader,
    },
    msp::{FabricMspConfig, MspConfig},
    orderer::BatchSize,
    protos::{AnchorPeer, AnchorPeers},
};

use crate::{ORDERER_ADMIN, ORG1_ADMIN, ORG2_ADMIN, bundle, memo, recorded, signer};

/// A change of the root group.
pub(crate) type Change = Box<dyn FnOnce(&mut ConfigGroup)>;

pub(crate) struct Recorded {
    folder: PathBuf,
    pub(crate) bundle: Bundle,
}

/// Who signs: the admins of the orderer organisation, of Org1, of Org2.
pub(crate) const ALL: [(&str, &str); 3] = [
    (ORDERER_ADMIN, "OrdererMSP"),
    (ORG1_ADMIN, "Org1MSP"),
    (ORG2_ADMIN, "Org2MSP"),
];

impl Recorded {
    pub(crate) fn new() -> Option<Self> {
        let folder = recorded()?;
        let bundle = bundle(&folder);
        Some(Self { folder, bundle })
    }

    /// The same channel, had its genesis block been another.
    pub(crate) fn from(change: impl FnOnce(&mut ConfigGroup)) -> Option<Self> {
        let recorded = Self::new()?;
        let mut config = recorded.bundle.config().clone();
        change(config.channel_group.as_mut().unwrap());
        let envelope = ConfigEnvelope {
            config: Some(config),
            last_update: None,
        };
        let channel_id = recorded.bundle.channel_id();
        let bundle = Bundle::from_config_envelope(channel_id, &envelope, &memo()).unwrap();
        Some(Self { bundle, ..recorded })
    }

    fn changed(&self, change: impl FnOnce(&mut ConfigGroup)) -> ConfigUpdate {
        let mut updated = self.bundle.config().clone();
        change(updated.channel_group.as_mut().unwrap());
        update::compute(self.bundle.channel_id(), self.bundle.config(), &updated).unwrap()
    }

    fn signed(&self, update: &ConfigUpdate, signers: &[(&str, &str)]) -> Envelope {
        let config_update = Bytes::from(update.encode_to_vec());
        let signatures = signers
            .iter()
            .map(|(who, msp_id)| sign(&signer(&self.folder, who, msp_id), &config_update))
            .collect();
        wrap(
            &ConfigUpdateEnvelope {
                config_update,
                signatures,
            },
            HeaderType::ConfigUpdate,
        )
    }

    fn propose(
        &self,
        change: impl FnOnce(&mut ConfigGroup),
        signers: &[(&str, &str)],
    ) -> Result<ConfigEnvelope, Error> {
        update::propose(&self.bundle, &self.signed(&self.changed(change), signers))
    }

    pub(crate) fn check(
        &self,
        change: impl FnOnce(&mut ConfigGroup),
        signers: &[(&str, &str)],
        expected: Expect,
    ) {
        let shown = match self.propose(change, signers) {
            Ok(envelope) => format!("sequence {}", envelope.config.unwrap().sequence),
            Err(error) => {
                let error = error.to_string();
                let prefix = "error applying config update to existing channel 'ch1': ";
                error.strip_prefix(prefix).unwrap_or(&error).to_owned()
            }
        };
        expected.assert_eq(&shown);
    }
}

fn sign(signer: &SigningIdentity, config_update: &Bytes) -> ConfigSignature {
    let header = SignatureHeader {
        creator: signer.identity().clone(),
        nonce: vec![1; 24].into(),
    };
    let signature_header = Bytes::from(header.encode_to_vec());
    let message = [signature_header.as_ref(), config_update.as_ref()].concat();
    ConfigSignature {
        signature_header,
        signature: signer.sign(&message).unwrap(),
    }
}

fn wrap(data: &impl Message, kind: HeaderType) -> Envelope {
    let channel = ChannelHeader {
        r#type: kind.into(),
        channel_id: "ch1".to_owned(),
        ..ChannelHeader::default()
    };
    let payload = Payload {
        header: Some(Header {
            channel_header: channel.encode_to_vec().into(),
            signature_header: Bytes::new(),
        }),
        data: data.encode_to_vec().into(),
    };
    Envelope {
        payload: payload.encode_to_vec().into(),
        signature: Bytes::from_static(b"any"),
    }
}

pub(crate) fn group<'a>(root: &'a mut ConfigGroup, path: &str) -> &'a mut ConfigGroup {
    path.split('/')
        .filter(|part| !part.is_empty())
        .fold(root, |group, name| group.groups.get_mut(name).unwrap())
}

pub(crate) fn set(path: &str, name: &str, message: &impl Message) -> Change {
    let (path, name) = (path.to_owned(), name.to_owned());
    let value = ConfigValue {
        version: 0,
        value: message.encode_to_vec().into(),
        mod_policy: "Admins".to_owned(),
    };
    Box::new(move |root| {
        group(root, &path).values.insert(name, value);
    })
}

fn anchors(org: &str) -> Change {
    let peer = AnchorPeer {
        host: "localhost".to_owned(),
        port: 7051,
    };
    let anchors = AnchorPeers {
        anchor_peers: vec![peer],
    };
    set(&format!("Application/{org}"), "AnchorPeers", &anchors)
}

fn batch(count: u32) -> Change {
    let size = BatchSize {
        max_message_count: count,
        absolute_max_bytes: 1024,
        preferred_max_bytes: 512,
    };
    set("Orderer", "BatchSize", &size)
}

#[test]
fn an_update_passes_the_orderer_and_then_the_peer() {
    let Some(recorded) = Recorded::new() else {
        return;
    };
    let envelope = recorded
        .propose(anchors("Org1MSP"), &[(ORG1_ADMIN, "Org1MSP")])
        .unwrap();
    let next = update::check(&recorded.bundle, &envelope).unwrap();
    assert_eq!(next.sequence(), 1);
    assert_eq!(next.application().orgs[0].anchor_peers.len(), 1);
    assert_eq!(next.application().orgs[1].anchor_peers, []);

    // The next one builds on it.
    let mut updated = next.config().clone();
    batch(7)(updated.channel_group.as_mut().unwrap());
    let update = update::compute(next.channel_id(), next.config(), &updated).unwrap();
    let signed = recorded.signed(&update, &[(ORDERER_ADMIN, "OrdererMSP")]);
    let envelope = update::propose(&next, &signed).unwrap();
    let last = update::check(&next, &envelope).unwrap();
    assert_eq!(
        (last.sequence(), last.orderer().batch.max_message_count),
        (2, 7)
    );
    // And the same update a second time is refused: its versions have passed.
    assert!(update::propose(&last, &signed).is_err());
}

#[test]
fn the_element_s_own_admins_must_sign() {
    let Some(recorded) = Recorded::new() else {
        return;
    };
    let org1 = (ORG1_ADMIN, "Org1MSP");
    let org2 = (ORG2_ADMIN, "Org2MSP");
    let orderer = (ORDERER_ADMIN, "OrdererMSP");
    let user = (
        "peerOrganizations/org1.test/users/User1@org1.test",
        "Org1MSP",
    );
    recorded.check(anchors("Org1MSP"), &[], expect!["error authorizing update: error validating DeltaSet: policy for [Group]  /Channel/Application/Org1MSP not satisfied: signature set did not satisfy policy"]);
    recorded.check(anchors("Org1MSP"), &[org2], expect!["error authorizing update: error validating DeltaSet: policy for [Group]  /Channel/Application/Org1MSP not satisfied: signature set did not satisfy policy"]);
    recorded.check(anchors("Org1MSP"), &[user], expect!["error authorizing update: error validating DeltaSet: policy for [Group]  /Channel/Application/Org1MSP not satisfied: signature set did not satisfy policy"]);
    recorded.check(anchors("Org1MSP"), &[org2, org1], expect!["sequence 1"]);
    recorded.check(batch(3), &[org1, org2], expect!["error authorizing update: error validating DeltaSet: policy for [Value]  /Channel/Orderer/BatchSize not satisfied: implicit policy evaluation failed - 0 sub-policies were satisfied, but this policy requires 1 of the 'Admins' sub-policies to be satisfied"]);
    recorded.check(batch(3), &[orderer], expect!["sequence 1"]);
    let remove = |root: &mut ConfigGroup| drop(group(root, "Application").groups.remove("Org2MSP"));
    recorded.check(remove, &[org1], expect!["error authorizing update: error validating DeltaSet: policy for [Group]  /Channel/Application not satisfied: implicit policy evaluation failed - 1 sub-policies were satisfied, but this policy requires 2 of the 'Admins' sub-policies to be satisfied"]);
    recorded.check(remove, &[org1, org1], expect!["error authorizing update: error validating DeltaSet: policy for [Group]  /Channel/Application not satisfied: implicit policy evaluation failed - 1 sub-policies were satisfied, but this policy requires 2 of the 'Admins' sub-policies to be satisfied"]);
    recorded.check(remove, &[org1, org2], expect!["sequence 1"]);
}

#[test]
fn some_changes_nobody_can_make() {
    let Some(recorded) = Recorded::new() else {
        return;
    };
    let remove = |name: &'static str| move |root: &mut ConfigGroup| drop(root.groups.remove(name));
    recorded.check(
        remove("Orderer"),
        &ALL,
        expect!["initializing channelconfig failed: the configuration has no Orderer group"],
    );
    recorded.check(
        remove("Application"),
        &ALL,
        expect!["initializing channelconfig failed: the configuration has no Application group"],
    );
    let rename = |root: &mut ConfigGroup| {
        let org = group(root, "Application/Org1MSP")
            .values
            .get_mut("MSP")
            .unwrap();
        let mut outer = MspConfig::decode(org.value.clone()).unwrap();
        let mut inner = FabricMspConfig::decode(outer.config.clone()).unwrap();
        inner.name = "Other".to_owned();
        outer.config = inner.encode_to_vec().into();
        org.value = outer.encode_to_vec().into();
    };
    recorded.check(
        rename,
        &ALL,
        expect!["application org Org1MSP attempted to change MSP ID from Org1MSP to Other"],
    );
    let addresses = OrdererAddresses {
        addresses: vec!["a:1".to_owned()],
    };
    recorded.check(set("", "OrdererAddresses", &addresses), &ALL, expect!["initializing channelconfig failed: global OrdererAddresses are not allowed with V3_0 capability, use org specific addresses only"]);
    recorded.check(
        set(
            "Orderer",
            "Capabilities",
            &Capabilities {
                capabilities: [("V9".to_owned(), Default::default())].into(),
            },
        ),
        &ALL,
        expect![
            "initializing channelconfig failed: Orderer capability V9 is required but not supported"
        ],
    );
}

#[test]
fn a_peer_accepts_only_what_the_update_gives() {
    let Some(recorded) = Recorded::new() else {
        return;
    };
    let good = recorded.propose(batch(3), &ALL).unwrap();
    let check = |change: fn(&mut ConfigEnvelope), expected: Expect| {
        let mut envelope = good.clone();
        change(&mut envelope);
        let shown = match update::check(&recorded.bundle, &envelope) {
            Ok(bundle) => format!("sequence {}", bundle.sequence()),
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&shown);
    };
    fn config(envelope: &mut ConfigEnvelope) -> &mut Config {
        envelope.config.as_mut().unwrap()
    }
    check(|_| {}, expect!["sequence 1"]);
    check(
        |envelope| envelope.config = None,
        expect!["config envelope has nil config"],
    );
    check(
        |envelope| envelope.last_update = None,
        expect!["config envelope has no last update"],
    );
    check(
        |envelope| config(envelope).sequence = 2,
        expect!["config currently at sequence 0, cannot validate config at sequence 2"],
    );
    check(
        |envelope| batch(4)(config(envelope).channel_group.as_mut().unwrap()),
        expect!["ConfigEnvelope LastUpdate did not produce the supplied config result"],
    );
    check(
        |envelope| envelope.last_update.as_mut().unwrap().payload = Bytes::from_static(b"\xff"),
        expect!["envelope payload does not decode"],
    );
    let other_kind = |envelope: &mut ConfigEnvelope| {
        envelope.last_update = Some(wrap(&ConfigUpdateEnvelope::default(), HeaderType::Config));
    };
    check(
        other_kind,
        expect!["not a configuration: invalid type 1, expected CONFIG_UPDATE"],
    );
    let unsigned = |envelope: &mut ConfigEnvelope| {
        let last = envelope.last_update.as_mut().unwrap();
        let payload = Payload::decode(last.payload.clone()).unwrap();
        let mut update = ConfigUpdateEnvelope::decode(payload.data).unwrap();
        update.signatures.clear();
        *last = wrap(&update, HeaderType::ConfigUpdate);
    };
    check(
        unsigned,
        expect![
            "error validating DeltaSet: policy for [Value]  /Channel/Orderer/BatchSize not satisfied: implicit policy evaluation failed - 0 sub-policies were satisfied, but this policy requires 1 of the 'Admins' sub-policies to be satisfied"
        ],
    );
}

#[test]
fn an_update_for_another_channel_is_refused() {
    let Some(recorded) = Recorded::new() else {
        return;
    };
    let mut update = recorded.changed(batch(3));
    update.channel_id = ChannelId::parse("other").unwrap().as_str().to_owned();
    let error = update::propose(&recorded.bundle, &recorded.signed(&update, &ALL)).unwrap_err();
    expect!["error applying config update to existing channel 'ch1': error authorizing update: ConfigUpdate for channel 'other' but envelope for channel 'ch1'"].assert_eq(&error.to_string());
}

#[test]
fn nothing_changed_is_no_update() {
    let Some(recorded) = Recorded::new() else {
        return;
    };
    let config = recorded.bundle.config();
    let error = update::compute(recorded.bundle.channel_id(), config, config).unwrap_err();
    expect!["no differences detected between original and updated config"]
        .assert_eq(&error.to_string());
}
