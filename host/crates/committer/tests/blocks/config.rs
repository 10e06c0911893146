//! Configuration transactions: the present configuration changed, agreed on by every organisation's administrator.

use bytes::Bytes;
use channel::update;
use msp::{Signer as _, SigningIdentity};
use prost::Message;
use proto::common::{
    ChannelHeader, ConfigGroup, ConfigPolicy, ConfigSignature, ConfigUpdateEnvelope, Envelope,
    Header, HeaderType, ImplicitMetaPolicy, Payload, Policy, SignatureHeader,
    implicit_meta_policy::Rule, policy::PolicyType,
};
use proto::msp::MspConfig;

use crate::people::Org;
use crate::tx::encoded;
use crate::world::World;

/// The entry of the configuration block that makes this change.
pub(crate) fn config(world: &World, change: impl FnOnce(&mut ConfigGroup)) -> Bytes {
    let bundle = world.channel.bundle();
    let mut updated = bundle.config().clone();
    change(updated.channel_group.as_mut().unwrap());
    let delta = update::compute(bundle.channel_id(), bundle.config(), &updated).unwrap();
    let config_update = encoded(&delta);
    let people = world.people;
    let orgs: [&Org; 5] = [
        &people.org1,
        &people.org2,
        &people.org3,
        &people.orderer1,
        &people.orderer2,
    ];
    let signatures = orgs.map(|org| agree(&org.admin, &config_update)).into();
    let agreed = ConfigUpdateEnvelope {
        config_update,
        signatures,
    };
    let channel_id = bundle.channel_id().as_str();
    let update = envelope(
        &people.org1.admin,
        channel_id,
        HeaderType::ConfigUpdate,
        &agreed,
    );
    let next = update::propose(&bundle, &update).unwrap();
    encoded(&envelope(
        &people.orderer1.orderer,
        channel_id,
        HeaderType::Config,
        &next,
    ))
}

fn agree(admin: &SigningIdentity, config_update: &Bytes) -> ConfigSignature {
    let signature_header = header(admin);
    let signed = [&signature_header[..], &config_update[..]].concat();
    ConfigSignature {
        signature: admin.sign(&signed).unwrap(),
        signature_header,
    }
}

/// A message of some type, signed.
pub(crate) fn envelope(
    signer: &SigningIdentity,
    channel_id: &str,
    header_type: HeaderType,
    content: &impl Message,
) -> Envelope {
    let channel_header = ChannelHeader {
        r#type: header_type.into(),
        channel_id: channel_id.to_owned(),
        ..ChannelHeader::default()
    };
    let payload = encoded(&Payload {
        header: Some(Header {
            channel_header: encoded(&channel_header),
            signature_header: header(signer),
        }),
        data: encoded(content),
    });
    Envelope {
        signature: signer.sign(&payload).unwrap(),
        payload,
    }
}

fn header(signer: &SigningIdentity) -> Bytes {
    encoded(&SignatureHeader {
        creator: signer.identity().clone(),
        nonce: Bytes::from_static(b"a nonce"),
    })
}

/// Sets the policy `name` of a group: so many of the groups below by their policy `sub_policy`.
pub(crate) fn set_policy(group: &mut ConfigGroup, name: &str, rule: Rule, sub_policy: &str) {
    let policy = ImplicitMetaPolicy {
        sub_policy: sub_policy.to_owned(),
        rule: rule.into(),
    };
    let policy = ConfigPolicy {
        version: group.policies.get(name).map_or(0, |known| known.version),
        policy: Some(Policy {
            r#type: PolicyType::ImplicitMeta.into(),
            value: encoded(&policy),
        }),
        mod_policy: "Admins".to_owned(),
    };
    group.policies.insert(name.to_owned(), policy);
}

/// Gives an application organisation another MSP.
pub(crate) fn set_msp(root: &mut ConfigGroup, msp_id: &str, msp: &MspConfig) {
    let org = child(child(root, "Application"), msp_id);
    org.values.get_mut("MSP").unwrap().value = encoded(msp);
}

/// The group of that name.
pub(crate) fn child<'g>(group: &'g mut ConfigGroup, name: &str) -> &'g mut ConfigGroup {
    group.groups.get_mut(name).unwrap()
}
