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
    let answer = || {
        let (client, _) = global.client().ok()?;
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().build().ok()?;
        let patient = async { tokio::time::timeout(PEER_PATIENCE, question(client)).await };
        runtime.block_on(patient).ok()?
    };
    candidates(answer().unwrap_or_default())
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
    use super::{candidates, of_words};

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
