//! `weft token`: tokens for callers of the REST API.

use std::io::Read as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Subcommand;

use super::output;
use crate::clock;
use crate::config::{self, NewCredential};
use crate::token::{self, Token};

/// Longest token that is read, in bytes.
const TOKEN_BYTES_MAX: u64 = 1_024;
/// Hexadecimal digits of a token's hash in the name of its credential, if it is given none.
const NAME_DIGITS: usize = 8;

/// What to do with tokens.
#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Make a token and print it, this once; peers keep only its hash.
    New(NewArgs),
    /// Print the hash, as a credentials file has it, of a token read from stdin.
    Hash,
}

/// Who the token is for.
#[derive(Debug, clap::Args)]
pub(super) struct NewArgs {
    /// The credential's name, shown in logs and answers [default: token- and the beginning of the hash].
    #[arg(long, value_parser = name)]
    name: Option<String>,
    /// An identity of the peer's wallet that the bearer may act by; the first one where none is asked for. Repeatable.
    #[arg(long = "identity", value_name = "NAME", value_parser = name)]
    identities: Vec<String>,
    /// When the token ends, such as 2027-01-31T12:00:00Z [default: never].
    #[arg(long, value_name = "TIME", value_parser = time)]
    expires: Option<String>,
    /// The credentials file to add the entry to, made if it is not there; running peers take it up within a second.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

fn name(text: &str) -> Result<String, String> {
    config::check_name(text).map(|()| text.to_owned())
}

fn time(text: &str) -> Result<String, String> {
    config::unix_seconds(text).map(|_| text.to_owned())
}

/// Does it.
pub(super) fn run(command: TokenCommand) -> anyhow::Result<()> {
    match command {
        TokenCommand::New(args) => new(args),
        TokenCommand::Hash => hash(),
    }
}

fn new(args: NewArgs) -> anyhow::Result<()> {
    let token = Token::new(clock::fill_random);
    let hash = hex::encode(token.hash());
    let name = args.name.unwrap_or_else(|| {
        let digits = hash.chars().take(NAME_DIGITS);
        format!("token-{}", digits.collect::<String>())
    });
    let credential = NewCredential {
        name: &name,
        token_sha256: token.hash(),
        identities: &args.identities,
        expires: args.expires.as_deref(),
    };
    match &args.file {
        Some(path) => {
            config::add_credential(path, &credential)?;
            output::note(&format!("added '{name}' to {}", path.display()));
        }
        None => output::note(&format!(
            "for the file that the peer's configuration names as rest.credentials, below `credentials:`\n{}",
            credential.lines("  ").trim_end()
        )),
    }
    output::line(token.text())?;
    Ok(())
}

fn hash() -> anyhow::Result<()> {
    let mut text = String::new();
    let stdin = std::io::stdin().lock();
    stdin
        .take(TOKEN_BYTES_MAX)
        .read_to_string(&mut text)
        .context("cannot read a token from stdin")?;
    let token = text.trim();
    anyhow::ensure!(!token.is_empty(), "there is no token on stdin");
    output::line(&hex::encode(token::hash(token)))?;
    Ok(())
}
