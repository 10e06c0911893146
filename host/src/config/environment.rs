//! What Weft takes from the environment of its process.

use std::path::PathBuf;

/// The environment as the compiler of contracts needs it.
pub(crate) fn toolchain_environment() -> toolchain::Environment {
    toolchain::Environment::new(std::env::vars_os())
}

/// What a user's environment says about the commands of a client.
#[derive(Clone, Debug, Default)]
pub(crate) struct UserEnvironment {
    /// `WEFT_CONTEXT`: the context to use.
    pub(crate) context: Option<String>,
    /// `WEFT_PROFILE`: the profile file to use.
    pub(crate) profile: Option<PathBuf>,
    /// The folder of Weft's own files: `weft` in `XDG_CONFIG_HOME`, else in `~/.config`.
    pub(crate) config_folder: Option<PathBuf>,
    /// `NO_COLOR` is set, or the terminal is one that knows no colours.
    pub(crate) is_colourless: bool,
}

impl UserEnvironment {
    /// Reads it. A variable that is empty is as good as none.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the environment; others are given it"
    )]
    pub(crate) fn read() -> Self {
        let path = |name| {
            let value = std::env::var_os(name).filter(|value| !value.is_empty());
            value.map(PathBuf::from)
        };
        let text = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        // The XDG rules say that a path which is not absolute is passed over.
        let xdg = path("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
        let home = || path("HOME").map(|home| home.join(".config"));
        Self {
            context: text("WEFT_CONTEXT"),
            profile: path("WEFT_PROFILE"),
            config_folder: xdg.or_else(home).map(|folder| folder.join("weft")),
            is_colourless: path("NO_COLOR").is_some() || text("TERM").as_deref() == Some("dumb"),
        }
    }
}
