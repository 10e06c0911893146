//! `cargo xtask bench --growth`: what a peer's ledger costs as it grows, measured by the program in the bench crate, as
//! tables beside the floors that are promised.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use crate::cargo;

/// What is promised of a row.
#[derive(Clone, Copy)]
enum Floor {
    None,
    /// At most so much, at each size in turn.
    Most(&'static [f64]),
    /// Nowhere more than a tenth above what it is at the smallest size.
    Flat,
}

/// A row of a table: the figure's name in what the program prints, what it is, what is promised.
type Row = (&'static str, &'static str, Floor);

const KEYS: &[Row] = &[
    ("decide_cpu", "decide", Floor::Flat),
    (
        "decide_reads_cpu",
        "– reads of the state and of ids",
        Floor::None,
    ),
    ("decide_rest_cpu", "– all else: outside SQL", Floor::Flat),
    ("decide_wall", "decide, wall", Floor::None),
    ("sql_cpu", "SQL", Floor::Most(&[20.0, 35.0, 45.0])),
    ("sql_caller_cpu", "– encode, bind values", Floor::None),
    ("sql_writer_cpu", "– SQLite", Floor::None),
    (
        "sql_checkpoint_cpu",
        "– checkpoints, a block's share",
        Floor::None,
    ),
    ("sql_wall", "SQL, wall, with the sync", Floor::None),
    ("get_cpu", "read a key", Floor::None),
    (
        "get_absent_cpu",
        "read a key that is not there",
        Floor::None,
    ),
    ("range_cpu", "read 1,000 rows", Floor::None),
    ("file", "file", Floor::None),
    ("restart_keys", "restart", Floor::Most(&[1_000.0])),
    (
        "restart_after_crash_keys",
        "restart after a crash",
        Floor::Most(&[1_000.0]),
    ),
];

const CHAIN: &[Row] = &[
    ("tx_lookup_cpu", "look up a transaction's id", Floor::Flat),
    ("chain_file", "file", Floor::None),
    ("restart_chain", "restart", Floor::Most(&[1_000.0])),
    (
        "restart_after_crash_chain",
        "restart after a crash",
        Floor::Most(&[1_000.0]),
    ),
];

/// A line of what the program prints.
struct Figure {
    name: String,
    size: u64,
    unit: String,
    median: f64,
    low: f64,
    high: f64,
}

/// Measures and prints.
///
/// # Errors
/// It does not build, a commit failed, or the program printed something else than figures.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let (mut is_quick, mut json_file) = (false, None);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "--quick" => is_quick = true,
            "--json" => {
                json_file = Some(PathBuf::from(words.next().context("--json needs a file")?))
            }
            _ => bail!("{word} is no option\nusage: cargo xtask {}", super::USAGE),
        }
    }
    let mut program = Command::new(cargo::build_benchmark("growth")?);
    program.arg("--measure").args(is_quick.then_some("--quick"));
    let output = program.stderr(Stdio::inherit()).output();
    let output = output.context("cannot start the measurement")?;
    ensure!(
        output.status.success(),
        "the measurement failed: {}",
        output.status
    );
    let figures = figures(&String::from_utf8(output.stdout)?)?;
    print!(
        "{}\n{}",
        table("keys", KEYS, &figures),
        table("transactions", CHAIN, &figures)
    );
    if let Some(path) = json_file {
        let text = serde_json::to_vec_pretty(&as_json(&figures))?;
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn figures(printed: &str) -> Result<Vec<Figure>> {
    let figure = |line: &str| {
        let mut columns = line.split('\t');
        Some(Figure {
            name: columns.next()?.to_owned(),
            size: columns.next()?.parse().ok()?,
            unit: columns.next()?.to_owned(),
            median: columns.next()?.parse().ok()?,
            low: columns.next()?.parse().ok()?,
            high: columns.next()?.parse().ok()?,
        })
    };
    let lines = printed.lines();
    lines
        .map(|line| figure(line).with_context(|| format!("'{line}' is no figure")))
        .collect()
}

/// A column a size: medians, with the lowest and highest where they differ.
fn table(of: &str, rows: &[Row], figures: &[Figure]) -> String {
    let rows = rows.iter().map(|row| (row, of_name(figures, row.0)));
    let rows: Vec<(&Row, Vec<&Figure>)> = rows.collect();
    let all = rows.iter().flat_map(|(_, figures)| figures);
    let sizes: BTreeSet<u64> = all.map(|figure| figure.size).collect();
    let mut text = "| |".to_owned();
    for size in &sizes {
        let _ = write!(text, " {} {of} |", thousands(*size));
    }
    let _ = writeln!(
        text,
        " floor | met |\n|---|{}---|---|",
        "---|".repeat(sizes.len())
    );
    for ((_, label, floor), figures) in rows {
        let unit = figures.first().map_or("", |figure| figure.unit.as_str());
        let _ = write!(text, "| {label}, {} |", unit.replace("us", "µs"));
        for size in &sizes {
            let found = figures.iter().find(|figure| figure.size == *size);
            let _ = write!(
                text,
                " {} |",
                found.map_or("–".to_owned(), |figure| figure.shown())
            );
        }
        let met = match floor.is_met(&figures) {
            None => "",
            Some(true) => "yes",
            Some(false) => "**no**",
        };
        let _ = writeln!(text, " {} | {met} |", floor.shown());
    }
    text
}

fn of_name<'f>(figures: &'f [Figure], name: &str) -> Vec<&'f Figure> {
    figures
        .iter()
        .filter(|figure| figure.name == name)
        .collect()
}

impl Figure {
    fn shown(&self) -> String {
        let number = |value: f64| match value {
            value if value >= 100.0 => format!("{value:.0}"),
            value if value >= 10.0 => format!("{value:.1}"),
            value => format!("{value:.2}"),
        };
        let (low, high) = (number(self.low), number(self.high));
        if low == high {
            return number(self.median);
        }
        format!("{} ({low}–{high})", number(self.median))
    }
}

impl Floor {
    fn shown(self) -> String {
        match self {
            Self::None => String::new(),
            Self::Most(most) => {
                let most: Vec<String> = most.iter().map(|most| format!("{most:.0}")).collect();
                format!("≤ {}", most.join(" / "))
            }
            Self::Flat => "flat within 10 %".to_owned(),
        }
    }

    /// Nothing if nothing was promised or measured.
    fn is_met(self, figures: &[&Figure]) -> Option<bool> {
        let medians = || figures.iter().map(|figure| figure.median);
        match self {
            Self::None => None,
            _ if figures.is_empty() => None,
            Self::Most(most) => Some(medians().zip(most).all(|(median, most)| median <= *most)),
            Self::Flat => {
                let smallest = medians().next()?;
                Some(medians().all(|median| median <= smallest * 1.1))
            }
        }
    }
}

fn as_json(figures: &[Figure]) -> Value {
    let one = |figure: &Figure| {
        json!({
            "name": figure.name, "size": figure.size, "unit": figure.unit,
            "median": figure.median, "low": figure.low, "high": figure.high,
        })
    };
    let floor = |(name, _, floor): &Row| {
        let is_met = floor.is_met(&of_name(figures, name))?;
        Some(json!({ "name": name, "floor": floor.shown(), "is_met": is_met }))
    };
    let floors = KEYS.iter().chain(CHAIN).filter_map(floor);
    json!({
        "figures": figures.iter().map(one).collect::<Vec<Value>>(),
        "floors": floors.collect::<Vec<Value>>(),
    })
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Floor, KEYS, as_json, figures, table};

    const PRINTED: &str = "decide_cpu\t0\tms\t8.000\t7.000\t12.340\ndecide_cpu\t1000000\tms\t8.900\t8.900\t8.900\n\
                           sql_cpu\t0\tms\t20.000\t1.000\t30.000\n";

    #[test]
    fn medians_stand_beside_their_floors() {
        let figures = figures(PRINTED).unwrap();
        let text = table("keys", KEYS, &figures);
        for line in [
            "| | 0 keys | 1,000,000 keys | floor | met |",
            "| decide, ms | 8.00 (7.00–12.3) | 8.90 | flat within 10 % | **no** |",
            "| SQL, ms | 20.0 (1.00–30.0) | – | ≤ 20 / 35 / 45 | yes |",
        ] {
            assert!(text.contains(line), "{text}");
        }
        let json = as_json(&figures);
        assert_eq!(json.pointer("/floors/0/is_met").unwrap(), false);
    }

    #[test]
    fn what_falls_is_flat() {
        let figures = figures("decide_rest_cpu\t0\tms\t3\t3\t3\ndecide_rest_cpu\t9\tms\t2\t2\t2\n");
        let figures = figures.unwrap();
        let figures: Vec<_> = figures.iter().collect();
        assert_eq!(Floor::Flat.is_met(&figures), Some(true));
    }

    #[test]
    fn what_was_not_measured_meets_no_floor() {
        assert_eq!(Floor::Flat.is_met(&[]), None);
        assert!(figures("finished\n").is_err());
    }
}
