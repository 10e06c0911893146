//! Logs: one line an event on stderr, text for people or JSON for machines.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

/// The filter of the logs is not one.
#[derive(Debug, thiserror::Error)]
#[error("'{filter}' is not a log filter: use for example info, or warn,committer=debug")]
pub(crate) struct BadFilter {
    filter: String,
    #[source]
    source: tracing_subscriber::filter::ParseError,
}

/// Starts logging, once a process. JSON if `json` asks for it or stderr is no terminal.
///
/// # Errors
/// [`BadFilter`]
pub(crate) fn start(filter: &str, json: bool) -> Result<(), BadFilter> {
    let parsed = EnvFilter::try_new(filter).map_err(|source| BadFilter {
        filter: filter.to_owned(),
        source,
    })?;
    let terminal = std::io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt()
        .with_env_filter(parsed)
        .with_writer(std::io::stderr)
        .with_ansi(terminal);
    // A second start, as in tests, changes nothing: the first one's settings stay.
    let _ = if json || !terminal {
        builder.json().flatten_event(true).try_init()
    } else {
        builder.try_init()
    };
    Ok(())
}
