//! What a run of libFuzzer says at its end.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How long a finding is made smaller.
const MINIMISE_SECONDS: u32 = 60;
/// Lines of the log that are shown of a finding.
const LINES: usize = 12;

/// The last line of figures: inputs run, branches seen, inputs kept.
pub(super) fn last_figures(log: &str) -> String {
    let figures = log
        .lines()
        .rev()
        .find(|line| line.starts_with('#') && line.contains(" cov: "));
    figures
        .unwrap_or("nothing was run")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// Makes the input that was found smaller, and says what to do with it.
pub(super) fn describe(program: &Path, target: &str, output: &str, log: &Path) -> String {
    let Some(found) = artifact(output) else {
        return format!(
            "the fuzzer stopped without an input; its log: {}",
            log.display()
        );
    };
    let smallest = minimised(program, target, &found);
    let path = smallest.display();
    format!(
        "found\n{}\n  the input: {path}\n  again:     WEFT_FUZZ_INPUT={path} cargo test -p fuzz-targets --test fuzz {target}\n  \
         fixed:     keep it as tests/fuzz/crashes/{target}/<what-it-shows>\n  the log:   {}",
        said(output),
        log.display()
    )
}

/// The file that libFuzzer says it wrote.
fn artifact(output: &str) -> Option<PathBuf> {
    let line = output
        .lines()
        .rev()
        .find(|line| line.contains("Test unit written to "))?;
    line.rsplit("Test unit written to ")
        .next()
        .map(|path| PathBuf::from(path.trim()))
}

/// What the target said: the panic and what follows it.
fn said(output: &str) -> String {
    let lines: Vec<&str> = output.lines().collect();
    let begin = lines
        .iter()
        .position(|line| {
            line.contains(" panicked at ") || line.starts_with("==") || line.contains("ALARM")
        })
        .unwrap_or(lines.len().saturating_sub(LINES));
    let shown = lines
        .iter()
        .skip(begin)
        .take(LINES)
        .map(|line| format!("  | {line}"));
    shown.collect::<Vec<_>>().join("\n")
}

/// The smallest input that still does it, as far as that was found in its time; the given one if there is none.
fn minimised(program: &Path, target: &str, found: &Path) -> PathBuf {
    let smaller = found.with_extension("min");
    let _ = fs::copy(found, &smaller);
    let _ = Command::new(program)
        .env("WEFT_FUZZ_TARGET", target)
        .arg("-minimize_crash=1")
        .arg(format!("-max_total_time={MINIMISE_SECONDS}"))
        .arg(format!("-exact_artifact_path={}", smaller.display()))
        .arg(found)
        .output();
    let is_smaller = fs::metadata(&smaller).is_ok_and(|file| file.len() > 0);
    if is_smaller {
        smaller
    } else {
        found.to_path_buf()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "#2 INITED cov: 5 ft: 6 corp: 1/1b\n#99\tREDUCE cov: 70 ft: 90 corp: 3/9b lim: 4\nthread '<unnamed>' panicked at \
        tests/x.rs:1:2:\nno\nartifact_prefix='/t/'; Test unit written to /t/crash-1f\nBase64: AA==\n";

    #[test]
    fn the_last_figures_are_shown() {
        assert_eq!(
            last_figures(LOG),
            "#99 REDUCE cov: 70 ft: 90 corp: 3/9b lim: 4"
        );
        assert_eq!(last_figures(""), "nothing was run");
    }

    #[test]
    fn a_finding_has_a_file_and_the_words_of_the_panic() {
        assert_eq!(artifact(LOG), Some(PathBuf::from("/t/crash-1f")));
        assert_eq!(artifact("no such line"), None);
        assert!(said(LOG).starts_with("  | thread '<unnamed>' panicked at"));
    }
}
