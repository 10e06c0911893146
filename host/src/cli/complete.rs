//! What the shell completes: names that the context file, the registry of codes, or the peer knows.
//!
//! The shell waits meanwhile, so the peer has a second, and every failure is silence. Names come from others: one that
//! a shell or a terminal could act on is left out.

use std::ffi::OsString;
use std::time::Duration;

use clap_complete::CompletionCandidate;
use model::ChannelId;

use super::chaincode;
use super::global::Global;
use crate::client::{Client, Contexts};
use crate::config::UserEnvironment;

const PEER_PATIENCE: Duration = Duration::from_secs(1);
const CANDIDATES_MAX: usize = 200;

/// The names of contexts.
pub(super) fn contexts() -> Vec<CompletionCandidate> {
    let environment = UserEnvironment::read();
    let path = Contexts::path(environment.config_folder.as_deref());
    let all = path.and_then(|path| Contexts::load(&path));
    let all = all.unwrap_or_default();
    candidates(all.contexts.into_keys())
}

/// The channels that the peer has joined.
pub(super) fn channels() -> Vec<CompletionCandidate> {
    ask(async |client| client.channels().await.ok())
}

/// The chaincodes that are defined on the channel.
pub(super) fn chaincodes() -> Vec<CompletionCandidate> {
    ask(async |client| chaincode::names(&client).await.ok())
}

/// The packages that are installed on the peer.
pub(super) fn packages() -> Vec<CompletionCandidate> {
    ask(async |client| chaincode::packages(&client).await.ok())
}

fn ask(question: impl AsyncFnOnce(Client) -> Option<Vec<String>>) -> Vec<CompletionCandidate> {
    let global = of_words(std::env::args_os());
    candidates(answer(&global, question).unwrap_or_default())
}

fn answer(
    global: &Global,
    question: impl AsyncFnOnce(Client) -> Option<Vec<String>>,
) -> Option<Vec<String>> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().ok()?;
    runtime.block_on(async {
        let (client, _) = global.client().ok()?;
        let answer = tokio::time::timeout(PEER_PATIENCE, question(client)).await;
        answer.ok()?
    })
}

fn candidates(names: impl IntoIterator<Item = String>) -> Vec<CompletionCandidate> {
    let names = names.into_iter().filter(|name| is_harmless(name));
    names
        .take(CANDIDATES_MAX)
        .map(CompletionCandidate::new)
        .collect()
}

fn is_harmless(name: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "._-:+".contains(letter);
    !name.is_empty() && !name.starts_with('-') && name.chars().all(plain)
}

/// The options that say whom to ask, out of a command line that is not complete yet.
fn of_words(words: impl IntoIterator<Item = OsString>) -> Global {
    let mut global = Global::default();
    let mut words = words.into_iter().filter_map(|word| word.into_string().ok());
    while let Some(word) = words.next() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (word, None),
        };
        if !["--profile", "--context", "--channel"].contains(&name.as_str()) {
            continue;
        }
        let Some(value) = value.or_else(|| words.next()) else {
            break;
        };
        match name.as_str() {
            "--profile" => global.profile = Some(value.into()),
            "--context" => global.context = Some(value),
            _ => global.channel = ChannelId::parse(&value).ok(),
        }
    }
    global
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{answer, candidates, of_words};
    use crate::cli::global::Global;
    use msp::ca::{Authority, Validity};

    /// A profile of an identity that is good, at a peer that listens and never answers.
    fn profile(folder: &std::path::Path, address: std::net::SocketAddr) -> Global {
        let random: &mut dyn FnMut(&mut [u8]) = &mut crate::clock::fill_random;
        let validity = Validity::years(crate::clock::now_s(), 1);
        let authority = Authority::new("ca", "Org1", validity, random).unwrap();
        let issued = authority
            .issue_identity("u", msp::Role::Client, validity, random)
            .unwrap();
        for (part, text) in [
            ("signcerts", &issued.certificate),
            ("keystore", &issued.key),
        ] {
            std::fs::create_dir_all(folder.join(part)).unwrap();
            std::fs::write(folder.join(part).join("one.pem"), text).unwrap();
        }
        let path = folder.join("profile.yaml");
        let text =
            format!("msp_id: A\nmsp_folder: .\nchannel: c\npeer: {{address: '{address}'}}\n");
        std::fs::write(&path, text).unwrap();
        Global {
            profile: Some(path),
            ..Global::default()
        }
    }

    #[test]
    fn a_peer_that_does_not_answer_keeps_the_shell_waiting_for_a_second_at_most() {
        let folder = tempfile::tempdir().unwrap();
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let global = profile(folder.path(), silent.local_addr().unwrap());
        let begun = Instant::now();
        let found = answer(&global, async |client| client.channels().await.ok());
        assert_eq!(found, None);
        assert!(
            begun.elapsed() >= super::PEER_PATIENCE,
            "it was never asked"
        );
        assert!(begun.elapsed() < super::PEER_PATIENCE + Duration::from_secs(4));
    }

    #[test]
    fn names_that_a_shell_or_a_terminal_could_act_on_are_no_candidates() {
        let names = [
            "basic",
            "a b",
            "$(reboot)",
            "\u{1b}[2J",
            "-x",
            "",
            "ünï",
            "a;b",
            "a.b_c-d",
        ];
        let found = candidates(names.map(str::to_owned));
        let found: Vec<_> = found
            .iter()
            .map(|one| one.get_value().to_str().unwrap())
            .collect();
        assert_eq!(found, ["basic", "a.b_c-d"]);
    }

    #[test]
    fn whom_to_ask_stands_on_the_line_that_is_completed() {
        let line = [
            "weft",
            "--",
            "weft",
            "--profile=p.yaml",
            "submit",
            "--channel",
            "ch2",
            "--context",
        ];
        let global = of_words(line.map(Into::into));
        assert_eq!(global.profile.as_deref(), Some("p.yaml".as_ref()));
        assert_eq!(global.channel.unwrap().as_str(), "ch2");
        assert_eq!(global.context, None);
    }
}
