//! Several channels and chaincodes on the same peers.

use system_tests::{Network, Weft, in_step, profile};

#[test]
fn two_channels_with_two_chaincodes_each_share_peers_and_nothing_else() {
    let network = Network::dev(&["alpha", "beta"]).unwrap();
    for channel in ["alpha", "beta"] {
        let org1 = network.weft_on(profile::ORG1_ADMIN, channel).unwrap();
        let org2 = network.weft_on(profile::ORG2_ADMIN, channel).unwrap();
        network
            .deploy_with(&org1, &org2, "asset-transfer", "assets", &[])
            .unwrap();
        network
            .deploy_with(&org1, &org2, "sealed-note", "notes", &[])
            .unwrap();
    }
    let user = |channel| network.weft_on(profile::ORG1_USER, channel).unwrap();
    let other = |channel| network.weft_on(profile::ORG2_USER, channel).unwrap();
    for (channel, owner) in [("alpha", "Ann"), ("beta", "Ben")] {
        user(channel)
            .ok(&[
                "submit",
                "assets",
                "CreateAsset",
                "a",
                "blue",
                "5",
                owner,
                "1",
            ])
            .unwrap();
        let note = format!("note=for {owner}");
        user(channel)
            .ok(&[
                "submit",
                "notes",
                "SealNote",
                "a",
                "--transient",
                &note,
                "--org",
                "Org1MSP",
            ])
            .unwrap();
    }
    user("alpha")
        .ok(&[
            "submit",
            "assets",
            "CreateAsset",
            "only-here",
            "red",
            "1",
            "Ann",
            "1",
        ])
        .unwrap();
    for (channel, owner, assets) in [("alpha", "Ann", 2), ("beta", "Ben", 1)] {
        let all = user(channel)
            .json(&["evaluate", "assets", "GetAllAssets"])
            .unwrap();
        assert_eq!(all.as_array().unwrap().len(), assets, "{channel}: {all}");
        assert_eq!(all[0]["Owner"], owner, "{channel}");
        assert_eq!(
            user(channel)
                .ok(&["evaluate", "notes", "ReadNote", "a"])
                .unwrap(),
            format!("for {owner}")
        );
        in_step(&user(channel), &other(channel)).unwrap();
        let digest = |user: Weft| user.json(&["digest"]).unwrap();
        assert_eq!(digest(user(channel)), digest(other(channel)), "{channel}");
    }
    let (alpha, beta) = (
        user("alpha").json(&["digest"]).unwrap(),
        user("beta").json(&["digest"]).unwrap(),
    );
    assert_ne!(alpha["state_sha256"], beta["state_sha256"]);
}
