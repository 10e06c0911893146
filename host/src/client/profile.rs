//! Profiles: whose name a command speaks in, and to which peer.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::config::Config;

/// A profile file: YAML, paths relative to the file, unknown keys are errors.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// The organisation's MSP id.
    pub(crate) msp_id: String,
    /// The user's MSP folder, with `signcerts` and `keystore`.
    pub(crate) msp_folder: PathBuf,
    /// The organisation's own peer, which all calls go to.
    pub(crate) peer: PeerAddress,
    /// The channel.
    pub(crate) channel: String,
    /// Other organisations' peers, asked only by commands that compare peers.
    #[serde(default)]
    pub(crate) peers: Vec<OtherPeer>,
}

/// Where a peer listens and whom to trust for its name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PeerAddress {
    /// `host:port`.
    pub(crate) address: String,
    /// PEM file of the authority that issued the peer's TLS certificate. Without it: plain text, on loopback only.
    #[serde(default)]
    pub(crate) tls_ca: Option<PathBuf>,
}

/// A peer of another organisation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OtherPeer {
    /// `host:port`.
    pub(crate) address: String,
    /// As in [`PeerAddress`].
    #[serde(default)]
    pub(crate) tls_ca: Option<PathBuf>,
    /// Its organisation.
    pub(crate) msp_id: String,
}

impl OtherPeer {
    /// Where it is, without whose it is.
    pub(crate) fn location(&self) -> PeerAddress {
        PeerAddress {
            address: self.address.clone(),
            tls_ca: self.tls_ca.clone(),
        }
    }
}

impl PeerAddress {
    fn check(&self) -> Result<(), String> {
        let host = self.address.rsplit_once(':').map_or("", |(host, _)| host);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let loopback = host == "localhost"
            || host
                .parse::<std::net::IpAddr>()
                .is_ok_and(|ip| ip.is_loopback());
        if self.tls_ca.is_none() && !loopback {
            return Err(format!(
                "tls_ca is missing for {}: without TLS only peers on loopback are spoken to",
                self.address
            ));
        }
        Ok(())
    }
}

impl Config for Profile {
    fn resolve(&mut self, folder: &Path) {
        let others = self
            .peers
            .iter_mut()
            .filter_map(|peer| peer.tls_ca.as_mut());
        let own = [&mut self.msp_folder]
            .into_iter()
            .chain(self.peer.tls_ca.as_mut());
        for path in own.chain(others) {
            *path = folder.join(&*path);
        }
    }

    fn check(&self) -> Result<(), String> {
        model::MspId::parse(&self.msp_id).map_err(|error| format!("msp_id: {error}"))?;
        model::ChannelId::parse(&self.channel).map_err(|error| format!("channel: {error}"))?;
        self.peer.check()?;
        self.peers
            .iter()
            .try_for_each(|peer| peer.location().check())
    }
}

#[cfg(test)]
mod tests {
    use super::Profile;
    use crate::config::load;
    use expect_test::{Expect, expect};

    const GOOD: &str = "msp_id: Org1MSP\nmsp_folder: msp\nchannel: mychannel\n\
                        peer: {address: '10.0.0.1:7051', tls_ca: tls/ca.pem}\n";

    fn check(text: &str, expected: Expect) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("profile.yaml");
        std::fs::write(&path, text).unwrap();
        let said = match load::<Profile>(&path) {
            Ok(profile) => format!("{profile:#?}"),
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&said.replace(&folder.path().display().to_string(), "<folder>"));
    }

    #[test]
    fn paths_are_relative_to_the_file() {
        check(
            GOOD,
            expect![[r#"
            Profile {
                msp_id: "Org1MSP",
                msp_folder: "<folder>/msp",
                peer: PeerAddress {
                    address: "10.0.0.1:7051",
                    tls_ca: Some(
                        "<folder>/tls/ca.pem",
                    ),
                },
                channel: "mychannel",
                peers: [],
            }"#]],
        );
    }

    #[test]
    fn unknown_keys_are_errors_in_every_part() {
        check(
            &format!("{GOOD}colour: red\n"),
            expect![
                "configuration <folder>/profile.yaml: unknown field `colour`, expected one of `msp_id`, `msp_folder`, `peer`, `channel`, `peers` at line 5 column 1"
            ],
        );
        check(
            &GOOD.replace("tls_ca", "tls"),
            expect![
                "configuration <folder>/profile.yaml: peer: unknown field `tls`, expected `address` or `tls_ca` at line 4 column 34"
            ],
        );
        check(
            &format!("{GOOD}peers: [{{address: 'localhost:1', msp_id: A, name: x}}]\n"),
            expect![
                "configuration <folder>/profile.yaml: peers[0]: unknown field `name`, expected one of `address`, `tls_ca`, `msp_id` at line 5 column 45"
            ],
        );
    }

    #[test]
    fn plain_text_is_for_loopback_only() {
        check(
            &GOOD.replace(", tls_ca: tls/ca.pem", ""),
            expect![
                "configuration <folder>/profile.yaml: tls_ca is missing for 10.0.0.1:7051: without TLS only peers on loopback are spoken to"
            ],
        );
        check(
            &format!("{GOOD}peers: [{{address: 'peer.example:1', msp_id: A}}]\n"),
            expect![
                "configuration <folder>/profile.yaml: tls_ca is missing for peer.example:1: without TLS only peers on loopback are spoken to"
            ],
        );
        for address in ["localhost:1", "127.0.0.1:1", "[::1]:1"] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("profile.yaml");
            let text =
                format!("msp_id: A\nmsp_folder: msp\nchannel: c\npeer: {{address: '{address}'}}\n");
            std::fs::write(&path, text).unwrap();
            assert!(load::<Profile>(&path).is_ok(), "{address}");
        }
    }

    #[test]
    fn a_channel_or_msp_id_that_cannot_be_one_is_an_error() {
        check(
            &GOOD.replace("mychannel", "My Channel"),
            expect![[
                r#"configuration <folder>/profile.yaml: channel: channel id "My Channel" does not fit the rule: a lower-case letter first, then lower-case letters, digits, dots and dashes"#
            ]],
        );
        check(
            &GOOD.replace("Org1MSP", "''"),
            expect!["configuration <folder>/profile.yaml: msp_id: MSP id is empty"],
        );
    }
}
