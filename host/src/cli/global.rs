//! The options that all commands have: in whose name, on which channel, and how to print.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

use anyhow::Context as _;
use clap_complete::ArgValueCandidates;
use model::{ChannelId, ErrorCode};

use super::complete;
use super::failure::Failure;
use super::output::{Colour, Format, Output};
use crate::client::{Client, Contexts, Profile};
use crate::clock;
use crate::config::{self, UserEnvironment};

/// Heading of these options.
const GLOBAL: &str = "Options of all commands";

#[derive(Debug, Default, clap::Args)]
pub(super) struct Global {
    /// Context to use, a name that `weft context list` shows [default: $WEFT_CONTEXT, else the current one].
    #[arg(long, global = true, value_name = "NAME", conflicts_with = "profile", help_heading = GLOBAL,
          add = ArgValueCandidates::new(complete::contexts))]
    pub(super) context: Option<String>,
    /// Profile file, in place of a context: in whose name to speak, and to which peer [default: $WEFT_PROFILE].
    #[arg(long, global = true, value_name = "FILE", help_heading = GLOBAL)]
    pub(super) profile: Option<PathBuf>,
    /// Channel to work on [default: the context's, else the profile's].
    #[arg(long, global = true, value_name = "ID", value_parser = channel_id, help_heading = GLOBAL,
          add = ArgValueCandidates::new(complete::channels))]
    pub(super) channel: Option<ChannelId>,
    /// How to print results.
    #[arg(long, short, global = true, value_enum, default_value_t, value_name = "FORMAT", help_heading = GLOBAL)]
    pub(super) output: Format,
    /// When to use colours; NO_COLOR turns them off too.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN", help_heading = GLOBAL)]
    pub(super) color: Colour,
    /// Print results and failures, and nothing beside them.
    #[arg(long, short, global = true, help_heading = GLOBAL)]
    pub(super) quiet: bool,
    /// What to log to stderr, such as `info` or `warn,committer=debug` [default: info for nodes, else warn].
    #[arg(long, global = true, value_name = "FILTER", help_heading = GLOBAL)]
    pub(super) log: Option<String>,
    /// Log JSON lines; so it does anyway where stderr is no terminal.
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(super) log_json: bool,
}

/// Which profile is used, and who says so.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    /// The profile file.
    pub(super) profile: PathBuf,
    /// The channel, where the context names one.
    pub(super) channel: Option<String>,
    /// In words, who says so.
    pub(super) by: String,
}

pub(super) fn channel_id(text: &str) -> Result<ChannelId, String> {
    ChannelId::parse(text).map_err(|error| error.to_string())
}

impl Global {
    /// The client that the context or profile describes, and the profile.
    pub(super) fn client(&self) -> anyhow::Result<(Client, Profile)> {
        let profile = self.profile()?;
        let client = Client::new(&profile, clock::SOURCES)?;
        Ok((client, profile))
    }

    /// The profile in use, with the channel in use.
    pub(super) fn profile(&self) -> anyhow::Result<Profile> {
        self.load(&self.choose(&UserEnvironment::read())?)
    }

    /// Reads the profile that was chosen.
    pub(super) fn load(&self, chosen: &Chosen) -> anyhow::Result<Profile> {
        let loaded = config::load::<Profile>(&chosen.profile);
        let mut profile = loaded.with_context(|| Failure::around(chosen.by.clone()))?;
        let own = self.channel.as_ref().map(|id| id.as_str().to_owned());
        if let Some(channel) = own.or_else(|| chosen.channel.clone()) {
            profile.channel = channel;
        }
        Ok(profile)
    }

    /// Options come before the environment, and that before the current context.
    pub(super) fn choose(&self, environment: &UserEnvironment) -> anyhow::Result<Chosen> {
        let of_profile = |profile: &PathBuf, by: &str| Chosen {
            profile: profile.clone(),
            channel: None,
            by: format!("the profile of {by} cannot be used"),
        };
        if let Some(profile) = &self.profile {
            return Ok(of_profile(profile, "--profile"));
        }
        if let Some(name) = &self.context {
            return of_context(environment, Some(name));
        }
        if let Some(profile) = &environment.profile {
            return Ok(of_profile(profile, "WEFT_PROFILE"));
        }
        of_context(environment, environment.context.as_ref())
    }

    /// How to print.
    pub(super) fn output(&self) -> Output {
        let environment = UserEnvironment::read();
        let coloured = |is_terminal: bool| match self.color {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => is_terminal && !environment.is_colourless,
        };
        Output {
            format: self.output,
            coloured: coloured(io::stdout().is_terminal()),
            notes_coloured: coloured(io::stderr().is_terminal()),
            quiet: self.quiet,
        }
    }
}

fn of_context(environment: &UserEnvironment, name: Option<&String>) -> anyhow::Result<Chosen> {
    let missing = || {
        Failure::new(
            ErrorCode::ConfigMissing,
            "this command needs a context or a profile",
        )
        .hint("with a network of `weft dev`: `weft context import DIR`, then this command again")
        .hint("or name a profile: --profile FILE")
    };
    let all = match (environment.config_folder.as_deref(), name) {
        (None, None) => return Err(missing().into()),
        (folder, _) => Contexts::load(&Contexts::path(folder)?)?,
    };
    let name = name.or(all.current.as_ref()).ok_or_else(missing)?;
    let entry = all.get(name).map_err(|error| {
        let names: Vec<&str> = all.contexts.keys().map(String::as_str).collect();
        let hint = match names.is_empty() {
            true => "there are none: `weft context add NAME --profile FILE` adds one".to_owned(),
            false => format!("the contexts are {}", names.join(", ")),
        };
        anyhow::Error::from(error).context(Failure::around("no such context").hint(hint))
    })?;
    Ok(Chosen {
        profile: entry.profile.clone(),
        channel: entry.channel.clone(),
        by: format!("the profile of context '{name}' cannot be used"),
    })
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::Global;
    use crate::cli::failure::Problem;
    use crate::config::UserEnvironment;
    use expect_test::expect;

    fn with_contexts(folder: &Path) -> UserEnvironment {
        let text = "current: two\ncontexts:\n  one: {profile: /one}\n  two: {profile: /two, channel: ch2}\n";
        std::fs::write(folder.join("contexts.yaml"), text).unwrap();
        UserEnvironment {
            config_folder: Some(folder.to_path_buf()),
            ..UserEnvironment::default()
        }
    }

    #[test]
    fn options_come_before_the_environment_and_that_before_the_current_context() {
        let folder = tempfile::tempdir().unwrap();
        let bare = with_contexts(folder.path());
        let full = UserEnvironment {
            context: Some("one".into()),
            profile: Some("/env".into()),
            ..bare.clone()
        };
        let by_context = UserEnvironment {
            profile: None,
            ..full.clone()
        };
        let (none, profile, context) = (
            Global::default(),
            Global {
                profile: Some("/opt".into()),
                ..Global::default()
            },
            Global {
                context: Some("two".into()),
                ..Global::default()
            },
        );
        let chosen = |global: &Global, environment| global.choose(environment).unwrap().profile;
        assert_eq!(chosen(&profile, &full), PathBuf::from("/opt"));
        assert_eq!(chosen(&context, &full), PathBuf::from("/two"));
        assert_eq!(chosen(&none, &full), PathBuf::from("/env"));
        assert_eq!(chosen(&none, &by_context), PathBuf::from("/one"));
        assert_eq!(chosen(&none, &bare), PathBuf::from("/two"));
        assert_eq!(none.choose(&bare).unwrap().channel.as_deref(), Some("ch2"));
    }

    #[test]
    fn who_has_no_context_is_told_how_to_get_one() {
        let folder = tempfile::tempdir().unwrap();
        let said = |global: &Global, environment: &UserEnvironment| {
            Problem::of(&global.choose(environment).unwrap_err()).text(false)
        };
        let homeless = UserEnvironment::default();
        expect![[r#"
            error[config.missing]: this command needs a context or a profile
            hint: with a network of `weft dev`: `weft context import DIR`, then this command again
            hint: or name a profile: --profile FILE"#]]
        .assert_eq(&said(&Global::default(), &homeless));
        let unknown = Global {
            context: Some("three".into()),
            ..Global::default()
        };
        let environment = with_contexts(folder.path());
        expect![[r#"
            error[config.missing]: no such context
              because: there is no context 'three'
            hint: the contexts are one, two"#]]
        .assert_eq(&said(&unknown, &environment));
    }
}
