//! Who may call the REST API of a network's peers: one token, valid at both, for users and administrators of each.

use std::fs;
use std::path::Path;

use super::members::{ADMIN, ORG1, ORG2, Org, USER};
use super::{DevError, files};
use crate::client::Sources;
use crate::config::{self, NewCredential, PeerConfig};
use crate::token::Token;

/// The credential's name in each peer's file.
const NAME: &str = "dev";

/// Makes a token and writes its hash into the peers' credentials below `folder`, in place of an earlier one's.
pub(super) fn renew(folder: &Path, sources: Sources) -> Result<Token, DevError> {
    let token = Token::new(sources.fill_random);
    for org in [&ORG1, &ORG2] {
        let identities: Vec<String> = wallet(org).map(|(_, name)| name.to_owned()).collect();
        let credential = NewCredential {
            name: NAME,
            token_sha256: token.hash(),
            identities: &identities,
            expires: None,
        };
        let path = folder.join("nodes").join(credentials_file(org));
        config::put_credential(&path, &credential)?;
    }
    Ok(token)
}

/// Gives the peers of a network that was made without it what its REST API needs.
pub(super) fn upgrade(folder: &Path) -> Result<(), DevError> {
    for org in [&ORG1, &ORG2] {
        let path = folder.join("nodes").join(format!("{}.yaml", org.node.file));
        let config: PeerConfig = config::load(&path)?;
        if config.rest.credentials.is_some() {
            continue;
        }
        let old = fs::read_to_string(&path).map_err(files::failed("read", &path))?;
        let listen = format!("\nlisten:\n{PLAIN_HTTP}");
        let new = format!("{}\n{}", old.trim_end(), rest_section(org));
        let new = match config.listen.plain_http_on_loopback {
            true => new,
            false => new.replacen("\nlisten:\n", &listen, 1),
        };
        fs::write(&path, new).map_err(files::failed("write", &path))?;
    }
    Ok(())
}

/// In `listen`: curl on this machine needs neither certificates nor flags.
pub(super) const PLAIN_HTTP: &str = "  plain_http_on_loopback: true\n";

/// A peer's part about REST.
pub(super) fn rest_section(org: &Org) -> String {
    let mut text = format!(
        "rest:\n  credentials: {}\n  wallet:\n",
        credentials_file(org)
    );
    for (user, name) in wallet(org) {
        text.push_str(&format!(
            "    - name: {name}\n      msp_folder: ../{}\n",
            org.user_msp(user)
        ));
    }
    text
}

fn credentials_file(org: &Org) -> String {
    format!("{}.credentials.yaml", org.node.file)
}

/// An organisation's users and the names of their identities. Whoever says nothing acts as the one with fewer rights.
fn wallet(org: &Org) -> impl Iterator<Item = (&'static str, &'static str)> {
    let named = |wanted| org.profiles.iter().find(move |(user, _)| *user == wanted);
    [USER, ADMIN].into_iter().filter_map(named).copied()
}
