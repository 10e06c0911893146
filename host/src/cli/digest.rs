//! `weft digest`: what a peer computes over its own ledger.

use model::ErrorCode;
use proto::weft::DigestResponse;
use serde::Serialize;

use super::failure::Failure;
use super::global::Global;
use super::output::one_line;
use super::table;
use crate::client::Client;
use crate::clock;

/// Whom to ask.
#[derive(Debug, clap::Args)]
pub(super) struct DigestArgs {
    /// Ask the profile's other peers too: and a failure if two at the same height differ.
    #[arg(long)]
    all: bool,
}

#[derive(Serialize)]
struct Digest {
    height: u64,
    block_hash: String,
    commit_hash: String,
    state_sha256: String,
}

#[derive(Serialize)]
struct OfPeer {
    msp_id: String,
    address: String,
    #[serde(flatten)]
    digest: Digest,
}

/// Prints the digest.
pub(super) async fn run(args: DigestArgs, global: &Global) -> anyhow::Result<()> {
    let (client, profile) = global.client()?;
    let output = global.output();
    let own = output
        .during("the peer reads its ledger", client.digest())
        .await?;
    if !args.all {
        let own = Digest::from(own);
        return Ok(output.value(&own, |own| table::fields(own.fields()))?);
    }
    let mut answers = vec![(profile.msp_id.clone(), profile.peer.address.clone(), own)];
    for peer in &profile.peers {
        let client = Client::of_peer(&profile, &peer.location(), clock::SOURCES)?;
        answers.push((
            peer.msp_id.clone(),
            peer.address.clone(),
            client.digest().await?,
        ));
    }
    let differ = first_difference(
        answers
            .iter()
            .map(|(_, address, digest)| (address.as_str(), digest)),
    );
    for (msp_id, address, digest) in answers {
        let of_peer = OfPeer {
            msp_id,
            address,
            digest: digest.into(),
        };
        output.item(&of_peer, OfPeer::text)?;
    }
    match differ {
        Some((one, other)) => Err(Failure::new(
            ErrorCode::NodeBroken,
            format!("{one} and {other} have the same height and differ"),
        )
        .hint("one of them has another ledger than the rest: rebuild it (`weft ledger rebuild`), or look at its disk")
        .into()),
        None => Ok(()),
    }
}

/// Two peers that are at the same height and say otherwise different things.
fn first_difference<'a>(
    answers: impl Iterator<Item = (&'a str, &'a DigestResponse)>,
) -> Option<(String, String)> {
    let mut by_height = std::collections::BTreeMap::new();
    for (address, digest) in answers {
        let (first, same) = by_height.entry(digest.height).or_insert((address, digest));
        if *same != digest {
            return Some(((*first).to_owned(), address.to_owned()));
        }
    }
    None
}

impl Digest {
    fn fields(&self) -> [(&'static str, String); 4] {
        [
            ("height", self.height.to_string()),
            ("block hash", self.block_hash.clone()),
            ("commit hash", self.commit_hash.clone()),
            ("state sha256", self.state_sha256.clone()),
        ]
    }
}

impl OfPeer {
    fn text(&self) -> String {
        let Self {
            msp_id,
            address,
            digest,
        } = self;
        let (height, state) = (digest.height, &digest.state_sha256);
        one_line(&format!(
            "{msp_id} at {address}  height {height}  state {state}"
        ))
    }
}

impl From<DigestResponse> for Digest {
    fn from(digest: DigestResponse) -> Self {
        Self {
            height: digest.height,
            block_hash: hex::encode(digest.block_hash),
            commit_hash: hex::encode(digest.commit_hash),
            state_sha256: hex::encode(digest.state_sha256),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::first_difference;
    use proto::weft::DigestResponse;

    fn digest(height: u64, state: &'static str) -> DigestResponse {
        DigestResponse {
            height,
            state_sha256: state.into(),
            ..DigestResponse::default()
        }
    }

    #[test]
    fn only_peers_at_the_same_height_are_compared() {
        let [one, two, three] = [digest(1, "a"), digest(2, "b"), digest(2, "c")];
        assert_eq!(
            first_difference([("p1", &one), ("p2", &two)].into_iter()),
            None
        );
        let found = first_difference([("p1", &one), ("p2", &two), ("p3", &three)].into_iter());
        assert_eq!(found, Some(("p2".to_owned(), "p3".to_owned())));
    }
}
