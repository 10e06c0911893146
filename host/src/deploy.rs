//! Deploys a contract: from its source to a definition in force that the given organisations' peers run.
//!
//! Only what is not there yet is done, so that doing it again changes nothing, and a deployment that was cut short goes
//! on where it ended. Content that differs from what is approved becomes the next sequence of the definition, which
//! otherwise stays as it is.

mod contract;
mod error;
mod peer;

use std::time::{Duration, Instant};

use lifecycle::Definition;

pub(crate) use contract::{Contract, Packaged};
pub(crate) use error::DeployError;

use crate::client::Client;
use peer::Peer;

/// How long the other peers may be behind the one that saw the commit.
const CATCH_UP: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(10);

/// What it came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deployed {
    /// This very content was in force before.
    Unchanged,
    /// It is in force now, as the definition's sequence of this number.
    Committed(i64),
}

/// Installs the package at each client's peer, has each client's organisation approve it, and commits, as far as that
/// is not done yet. Each client is an administrator, of an organisation of its own.
///
/// # Errors
/// [`DeployError`]. What was done until then stays, and is found again by the next attempt.
pub(crate) async fn deploy(
    admins: &[Client],
    packaged: &Packaged,
    say: fn(&str),
) -> Result<Deployed, DeployError> {
    let peers: Vec<Peer<'_>> = admins.iter().map(Peer::new).collect();
    let package_id = packaged.package.package_id.as_str();
    for peer in &peers {
        if !peer.has_installed(package_id).await? {
            peer.install(&packaged.package).await?;
            say(&format!("installed {package_id} at {}", peer.msp_id()));
        }
    }
    let (definition, in_force) = wanted(&peers, &packaged.name, package_id).await?;
    let words = format!("{} sequence {}", definition.name, definition.sequence);
    for peer in &peers {
        if !peer.has_approved(&definition, package_id).await? {
            peer.approve(&definition, package_id).await?;
            say(&format!("approved {words} for {}", peer.msp_id()));
        }
    }
    let Some(first) = peers.first().filter(|_| !in_force) else {
        return Ok(Deployed::Unchanged);
    };
    first.commit(&definition).await?;
    for peer in &peers {
        wait_for(peer, &definition).await?;
    }
    say(&format!("committed {words}"));
    Ok(Deployed::Committed(definition.sequence))
}

/// The definition that is to be in force at the end, and whether it is already: the present one, unless somebody
/// approved it with another package; else the next one.
async fn wanted(
    peers: &[Peer<'_>],
    name: &str,
    package_id: &str,
) -> Result<(Definition, bool), DeployError> {
    let mut present: Option<Definition> = None;
    for peer in peers {
        let found = peer.definition(name).await?;
        let newer = |found: &Definition| {
            let sequence = present.as_ref().map_or(0, |present| present.sequence);
            found.sequence > sequence
        };
        if found.as_ref().is_some_and(newer) {
            present = found;
        }
    }
    let Some(present) = present else {
        return Ok((first_definition(name), false));
    };
    for peer in peers {
        let approved = peer.approved_package(name, present.sequence).await?;
        if approved.is_some_and(|approved| approved != package_id) {
            return Ok((next_definition(present), false));
        }
    }
    Ok((present, true))
}

/// Empty parts stand for what the channel's rules and `_lifecycle` put there.
fn first_definition(name: &str) -> Definition {
    Definition {
        name: name.to_owned(),
        sequence: 1,
        version: "1".to_owned(),
        ..Definition::default()
    }
}

/// The same with another content: whoever chose its policy and its collections chose them for the name.
fn next_definition(present: Definition) -> Definition {
    let sequence = present.sequence.saturating_add(1);
    Definition {
        sequence,
        version: sequence.to_string(),
        ..present
    }
}

/// Waits until a peer has the definition: the next call may go to it.
async fn wait_for(peer: &Peer<'_>, definition: &Definition) -> Result<(), DeployError> {
    let begun = Instant::now();
    loop {
        let found = peer.definition(&definition.name).await?;
        if found.is_some_and(|found| found.sequence >= definition.sequence) {
            return Ok(());
        }
        if begun.elapsed() > CATCH_UP {
            return Err(DeployError::Behind {
                msp_id: peer.msp_id().to_owned(),
                name: definition.name.clone(),
            });
        }
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::{first_definition, next_definition};
    use lifecycle::Definition;

    #[test]
    fn an_upgrade_keeps_what_was_agreed_for_the_name() {
        let agreed = Definition {
            version: "1.0".into(),
            validation_parameter: "policy".into(),
            init_required: true,
            ..first_definition("basic")
        };
        let next = next_definition(agreed.clone());
        assert_eq!((next.sequence, next.version.as_str()), (2, "2"));
        let same = Definition {
            sequence: 1,
            version: "1.0".into(),
            ..next
        };
        assert_eq!(same, agreed);
    }
}
