//! `cargo xtask bench --instructions`: how many instructions the hot parts take, counted by callgrind: figures that neither
//! another process nor the weather moves.
//!
//! Each part is run twice, a few times and a few times more; the difference leaves out what making it ready took.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::cargo;

/// Fewer and more repetitions.
const FEW: u64 = 2;
const MORE: u64 = 52;

/// Counts the parts whose names contain `filters`, or all of them, and prints a table.
///
/// # Errors
/// There is no valgrind, the parts do not build, or one of them fails.
pub(crate) fn run(filters: &[&str]) -> Result<()> {
    let parts = cargo::build_benchmark("parts")?;
    let names = output(Command::new(&parts).arg("--names"))?;
    println!("| part | instructions |\n|---|---|");
    for name in names
        .lines()
        .filter(|name| filters.is_empty() || filters.iter().any(|filter| name.contains(filter)))
    {
        let folder = parts.parent().context("the build has no folder")?;
        let (few, more) = (
            count(&parts, folder, name, FEW)?,
            count(&parts, folder, name, MORE)?,
        );
        println!("| {name} | {} |", more.saturating_sub(few) / (MORE - FEW));
    }
    Ok(())
}

fn count(parts: &Path, folder: &Path, name: &str, times: u64) -> Result<u64> {
    let file: PathBuf = folder.join(format!("callgrind-{}.out", std::process::id()));
    let mut valgrind = Command::new("valgrind");
    valgrind
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(parts)
        .args(["--repeat", name, &times.to_string()]);
    let ran = output(&mut valgrind);
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    let _ = std::fs::remove_file(&file);
    ran.context("valgrind is needed for this")?;
    total(&text).with_context(|| format!("callgrind wrote no total for {name}"))
}

/// The sum that callgrind writes at the end of its file.
fn total(text: &str) -> Option<u64> {
    let line = text.lines().rev().find_map(|line| {
        line.strip_prefix("totals:")
            .or_else(|| line.strip_prefix("summary:"))
    })?;
    line.split_whitespace().next()?.parse().ok()
}

fn output(command: &mut Command) -> Result<String> {
    let shown = format!("{command:?}");
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start {shown}"))?;
    ensure!(output.status.success(), "{shown} failed: {}", output.status);
    String::from_utf8(output.stdout).with_context(|| format!("{shown} printed no UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::total;

    #[test]
    fn the_last_sum_of_the_file_counts() {
        assert_eq!(total("summary: 5\nfn=x\n1 2\ntotals: 12345\n"), Some(12345));
        assert_eq!(total("events: Ir\n"), None);
    }
}
