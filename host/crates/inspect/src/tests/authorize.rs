//! Who may read.

use ::channel::Resource;
use bytes::Bytes;

use super::{NOW_S, World, serialized};
use crate::authorize;

#[tokio::test]
async fn whom_the_channel_does_not_know_or_no_more_is_refused_with_a_reason() {
    let world = World::new().await;
    let broken = Bytes::from_static(b"\xff\xff");
    let check = |identity: &Bytes, resource, now_s| {
        authorize(&world.channel, identity, resource, now_s)
            .map(|_| "allowed")
            .map_err(|error| error.code().name())
    };
    let (user, blocks) = (serialized(&world.user), Resource::QsccGetBlockByNumber);
    assert_eq!(check(&user, blocks, NOW_S), Ok("allowed"));
    let refused = [
        (&broken, "identity.malformed"),
        (&serialized(&world.stranger), "identity.unknown"),
        (&serialized(&world.impostor), "identity.unknown"),
        (&serialized(&world.expired), "identity.expired"),
    ];
    for (identity, code) in refused {
        assert_eq!(check(identity, blocks, NOW_S), Err(code));
    }
    let later = NOW_S + 3 * 365 * 24 * 3_600;
    assert_eq!(check(&user, blocks, later), Err("identity.expired"));
    let peers_own = Resource::LifecycleInstall;
    assert_eq!(check(&user, peers_own, NOW_S), Err("access.denied"));
}

#[tokio::test]
async fn a_stricter_policy_of_the_channel_counts() {
    let world = World::new().await;
    // The configuration asks an administrator for it.
    let config = world.channel.bundle().config().clone();
    let mut root = config.channel_group.clone().unwrap();
    let application = root.groups.get_mut("Application").unwrap();
    let value = proto::protos::AcLs {
        acls: [(
            Resource::QsccGetBlockByNumber.name().to_owned(),
            proto::protos::ApiResource {
                policy_ref: "Admins".to_owned(),
            },
        )]
        .into(),
    };
    let value = proto::common::ConfigValue {
        value: prost::Message::encode_to_vec(&value).into(),
        mod_policy: "Admins".to_owned(),
        ..proto::common::ConfigValue::default()
    };
    application.values.insert("ACLs".to_owned(), value);
    let envelope = proto::common::ConfigEnvelope {
        config: Some(proto::common::Config {
            channel_group: Some(root),
            ..config
        }),
        last_update: None,
    };
    let memo = world.channel.bundle().msps().memo().clone();
    let id = world.channel.id();
    let bundle = ::channel::Bundle::from_config_envelope(&id, &envelope, &memo).unwrap();
    world.channel.set_bundle(std::sync::Arc::new(bundle));
    let user = serialized(&world.user);
    let code = |resource| {
        let done = authorize(&world.channel, &user, resource, NOW_S);
        done.map(|_| "allowed").map_err(|error| error.code().name())
    };
    assert_eq!(code(Resource::QsccGetBlockByNumber), Err("access.denied"));
    assert_eq!(code(Resource::QsccGetChainInfo), Ok("allowed"));
}
