//! `weft context`: profiles by name, and which one is in use.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;
use clap_complete::ArgValueCandidates;
use model::ErrorCode;
use serde::Serialize;

use super::failure::Failure;
use super::global::Global;
use super::{complete, table};
use crate::client::{ContextEntry, ContextError, Contexts, Profile};
use crate::config::{self, UserEnvironment};

/// Profiles of one folder that are taken; a network of `weft dev` has four.
const PROFILES_MAX: usize = 200;

/// What to do with contexts.
#[derive(Debug, Subcommand)]
pub(super) enum ContextCommand {
    /// Add the profile of --profile as a context; the first one is in use from then on.
    Add(AddArgs),
    /// Add all profiles of a network that `weft dev` made.
    Import(ImportArgs),
    /// List the contexts.
    List,
    /// Show the context in use, or another one.
    Show(ShowArgs),
    /// Use a context from now on.
    Use(NameArgs),
    /// Forget a context; its profile and keys stay.
    Remove(NameArgs),
}

/// What to add.
#[derive(Debug, clap::Args)]
pub(super) struct AddArgs {
    /// The context's name.
    name: String,
    /// Put it in the place of one that has the name.
    #[arg(long)]
    replace: bool,
}

/// What to import.
#[derive(Debug, clap::Args)]
pub(super) struct ImportArgs {
    /// The network's folder, as in `weft dev --dir DIR`, or any folder with profiles.
    #[arg(value_name = "DIR", default_value = "weft-dev")]
    folder: PathBuf,
    /// What the names begin with, to tell networks apart.
    #[arg(long, default_value = "", hide_default_value = true)]
    prefix: String,
}

/// Which one to show.
#[derive(Debug, clap::Args)]
pub(super) struct ShowArgs {
    /// Its name; else the one in use.
    #[arg(add = ArgValueCandidates::new(complete::contexts))]
    name: Option<String>,
}

/// Which one.
#[derive(Debug, clap::Args)]
pub(super) struct NameArgs {
    /// Its name.
    #[arg(add = ArgValueCandidates::new(complete::contexts))]
    name: String,
}

#[derive(Serialize)]
struct Shown {
    name: String,
    current: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    msp_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    profile: String,
    /// Why the profile cannot be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
}

/// Does it.
pub(super) fn run(command: ContextCommand, global: &Global) -> anyhow::Result<()> {
    let path = Contexts::path(UserEnvironment::read().config_folder.as_deref())?;
    let output = global.output();
    match command {
        ContextCommand::Add(args) => add(&path, args, global),
        ContextCommand::Import(args) => import(&path, &args, global),
        ContextCommand::List => list(&path, global),
        ContextCommand::Show(args) => show(&path, args.name, global),
        ContextCommand::Use(NameArgs { name }) => {
            Contexts::change(&path, |all| all.choose(&name))
                .map_err(|error| named(error, &path))?;
            output.note(&format!("context '{name}' is in use"));
            Ok(())
        }
        ContextCommand::Remove(NameArgs { name }) => {
            Contexts::change(&path, |all| all.remove(&name))
                .map_err(|error| named(error, &path))?;
            output.note(&format!("context '{name}' is forgotten"));
            Ok(())
        }
    }
}

/// The failure; if it is that no context has the name, with the names that there are.
fn named(error: ContextError, path: &Path) -> anyhow::Error {
    let all = Contexts::load(path).unwrap_or_default();
    let names: Vec<String> = all.contexts.into_keys().collect();
    match error {
        ContextError::Unknown(_) if !names.is_empty() => {
            let failure = Failure::new(error.code(), error.to_string());
            failure
                .hint(format!("the contexts are {}", names.join(", ")))
                .into()
        }
        error => error.into(),
    }
}

fn add(path: &Path, args: AddArgs, global: &Global) -> anyhow::Result<()> {
    let profile = global.profile.as_deref().ok_or_else(|| {
        Failure::new(ErrorCode::UsageWrong, "a context is made of a profile")
            .hint(format!("weft context add {} --profile FILE", args.name))
    })?;
    // One that cannot be used is better refused now than at its first use.
    config::load::<Profile>(profile)?;
    let entry = ContextEntry {
        profile: absolute(profile)?,
        channel: global.channel.as_ref().map(|id| id.as_str().to_owned()),
    };
    Contexts::change(path, |all| all.add(&args.name, entry, args.replace))?;
    global
        .output()
        .note(&format!("context '{}' is added", args.name));
    Ok(())
}

fn import(path: &Path, args: &ImportArgs, global: &Global) -> anyhow::Result<()> {
    let of_network = args.folder.join("profiles");
    let folder = if of_network.is_dir() {
        of_network
    } else {
        args.folder.clone()
    };
    let found = profiles(&folder)?;
    if found.is_empty() {
        let what = format!("there is no profile in {}", folder.display());
        return Err(Failure::new(ErrorCode::FileUnusable, what)
            .hint("name the folder of a network that `weft dev` made")
            .into());
    }
    Contexts::change(path, |all| {
        for (name, profile) in &found {
            let entry = ContextEntry {
                profile: profile.clone(),
                channel: None,
            };
            all.add(&format!("{}{name}", args.prefix), entry, true)?;
        }
        Ok(())
    })?;
    list(path, global)
}

/// The profiles of a folder by name. A user comes before an admin, so that the first one, which is in use from then on
/// where none was, is no admin.
fn profiles(folder: &Path) -> anyhow::Result<Vec<(String, PathBuf)>> {
    let folder = absolute(folder)?;
    let listing =
        std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut found = Vec::new();
    for entry in listing.take(PROFILES_MAX) {
        let path = entry?.path();
        let is_yaml = path
            .extension()
            .is_some_and(|extension| extension == "yaml");
        let name = path.file_stem().and_then(|stem| stem.to_str());
        if let Some(name) = name.filter(|_| is_yaml) {
            config::load::<Profile>(&path)?;
            found.push((name.to_owned(), path.clone()));
        }
    }
    found.sort_by_key(|(name, _)| (name.contains("admin"), name.clone()));
    Ok(found)
}

fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("cannot find {}", path.display()))
}

fn list(path: &Path, global: &Global) -> anyhow::Result<()> {
    let all = Contexts::load(path)?;
    let shown: Vec<Shown> = all
        .contexts
        .iter()
        .map(|(name, entry)| Shown::new(&all, name, entry))
        .collect();
    global.output().value(&shown, |shown| {
        let rows = shown.iter().map(|one| {
            let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
            let current = if one.current { "*" } else { "" };
            let peer = one.failure.as_ref().map(|_| "(cannot be read)".to_owned());
            [
                current.to_owned(),
                one.name.clone(),
                text(&one.msp_id),
                peer.unwrap_or_else(|| text(&one.peer)),
                text(&one.channel),
            ]
        });
        table::columns(["", "name", "organization", "peer", "channel"], rows)
    })?;
    Ok(())
}

fn show(path: &Path, name: Option<String>, global: &Global) -> anyhow::Result<()> {
    let all = Contexts::load(path)?;
    let name = match name
        .or_else(|| global.context.clone())
        .or_else(|| all.current.clone())
    {
        Some(name) => name,
        None => {
            return Err(Failure::new(ErrorCode::ConfigMissing, "no context is in use").into());
        }
    };
    let shown = Shown::new(&all, &name, all.get(&name)?);
    global.output().value(&shown, table::tree)?;
    Ok(())
}

impl Shown {
    fn new(all: &Contexts, name: &str, entry: &ContextEntry) -> Self {
        let profile = config::load::<Profile>(&entry.profile);
        let failure = profile.as_ref().err().map(ToString::to_string);
        let profile = profile.ok();
        let channel = profile.as_ref().map(|profile| profile.channel.clone());
        Self {
            name: name.to_owned(),
            current: all.current.as_deref() == Some(name),
            msp_id: profile.as_ref().map(|profile| profile.msp_id.clone()),
            peer: profile.map(|profile| profile.peer.address),
            channel: entry.channel.clone().or(channel),
            profile: entry.profile.display().to_string(),
            failure,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::profiles;

    #[test]
    fn users_come_before_admins_and_what_is_no_profile_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let text = "msp_id: A\nmsp_folder: m\nchannel: c\npeer: {address: '127.0.0.1:1'}\n";
        for name in [
            "org1-admin.yaml",
            "org2-user.yaml",
            "org1-user.yaml",
            "notes.txt",
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let found = profiles(folder.path()).unwrap();
        let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["org1-user", "org2-user", "org1-admin"]);
    }
}
