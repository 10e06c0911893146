//! Compiles a contract.

use std::fs;
use std::path::{Path, PathBuf};

use crate::artifact;
use crate::command;
use crate::flags;
use crate::{Environment, Error, TRIPLE, Target};

impl Target {
    /// Compiles the crate in `crate_dir` in its release profile and gives the path of the core module.
    ///
    /// `target_dir` is cargo's folder for what it builds; without one, cargo's choice (`target` beside the crate). Give
    /// several contracts the same one, and the SDK is compiled once for all (about a minute of CPU).
    /// `report` gets the compiler's warnings, if there are any.
    /// What a cargo around us was told by variables has no part in it: flags, wrappers, toolchain. No path of this
    /// machine gets into the module; panics name files as `src/lib.rs`, `../sdk/src/x.rs`, `/registry/…`.
    ///
    /// # Errors
    /// - [`Error::Compile`]: the crate does not compile; carries what the compiler says.
    /// - [`Error::NoModule`]: the crate is no `cdylib`.
    /// - [`Error::File`], [`Error::Start`]: no such folder, or cargo cannot be started.
    pub fn build(
        &self,
        crate_dir: &Path,
        target_dir: Option<&Path>,
        report: &mut dyn FnMut(&str),
    ) -> Result<PathBuf, Error> {
        let crate_dir = fs::canonicalize(crate_dir).map_err(Error::file(crate_dir))?;
        let target_dir = target_dir.map(absolute).transpose()?;
        let mut cargo = command::cargo(
            &self.installation.cargo,
            &self.installation.rustc,
            &self.environment,
        );
        cargo
            .current_dir(&crate_dir)
            .args(["build", "--quiet", "--release", "--target", TRIPLE])
            .args(["--message-format", "json-render-diagnostics", "--config"])
            .arg(flags::configuration(
                &[],
                &remapped(&self.environment, &crate_dir, target_dir.as_deref()),
            ));
        if let Some(target_dir) = &target_dir {
            cargo.arg("--target-dir").arg(target_dir);
        }
        let output = command::output(&mut cargo)?;
        let diagnostics = command::text(&output.stderr);
        if !output.status.success() {
            return Err(Error::Compile {
                crate_dir,
                diagnostics,
            });
        }
        if !diagnostics.is_empty() {
            report(&diagnostics);
        }
        artifact::module(
            &command::text(&output.stdout),
            &crate_dir.join("Cargo.toml"),
        )
        .ok_or(Error::NoModule { crate_dir })
    }
}

/// Cargo would take a relative folder from the crate on, callers mean it from where they are.
fn absolute(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path).map_err(Error::file(path))
}

/// Which folders are written how into the module. Where several fit a path, the compiler takes the last.
fn remapped(
    environment: &Environment,
    crate_dir: &Path,
    target_dir: Option<&Path>,
) -> Vec<(PathBuf, String)> {
    let mut pairs = Vec::new();
    pairs.extend(
        environment
            .home()
            .map(|home| (home.to_owned(), "~".to_owned())),
    );
    // A dependency by path lies in a folder beside the crate or beside one of those above it.
    let above: Vec<_> = crate_dir
        .ancestors()
        .skip(1)
        .filter(|folder| folder.parent().is_some())
        .collect();
    for (levels, folder) in above.iter().enumerate().rev() {
        pairs.push(((*folder).to_owned(), vec![".."; levels + 1].join("/")));
    }
    pairs.push((crate_dir.to_owned(), ".".to_owned()));
    pairs.extend(target_dir.map(|folder| (folder.to_owned(), "target".to_owned())));
    if let Some(home) = environment.cargo_home() {
        pairs.push((home.join("git/checkouts"), "/git".to_owned()));
        pairs.push((home.join("registry/src"), "/registry".to_owned()));
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_above_the_crate_are_written_relative_to_it_and_the_nearest_counts() {
        let environment = Environment::new([("HOME".into(), "/home/ann".into())]);
        let pairs = remapped(
            &environment,
            Path::new("/home/ann/weft/examples/cc"),
            Some(Path::new("/tmp/t")),
        );
        let texts: Vec<_> = pairs
            .iter()
            .map(|(from, to)| format!("{}={to}", from.display()))
            .collect();
        assert_eq!(
            texts,
            [
                "/home/ann=~",
                "/home=../../../..",
                "/home/ann=../../..",
                "/home/ann/weft=../..",
                "/home/ann/weft/examples=..",
                "/home/ann/weft/examples/cc=.",
                "/tmp/t=target",
                "/home/ann/.cargo/git/checkouts=/git",
                "/home/ann/.cargo/registry/src=/registry",
            ]
        );
    }
}
