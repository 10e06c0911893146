//! Medians and spreads of several runs, as Markdown.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Case;
use super::counters::{Counted, SHOWN};

/// What one case came to in one run.
pub(crate) struct Outcome {
    pub(crate) case: &'static str,
    /// What `weft bench` reported.
    pub(crate) report: Value,
    /// What the nodes counted.
    pub(crate) counted: Counted,
}

impl Outcome {
    pub(crate) fn json(&self) -> Value {
        json!({ "case": self.case, "report": self.report, "counted": self.counted.json() })
    }

    fn number(&self, pointer: &str) -> f64 {
        self.report
            .pointer(pointer)
            .and_then(Value::as_f64)
            .unwrap_or(0.0)
    }

    /// The largest RssAnon of a peer, in MB.
    fn peer_memory_mb(&self) -> f64 {
        let of_peers = self.list("/processes").iter().filter(|process| {
            process
                .pointer("/name")
                .and_then(Value::as_str)
                .is_some_and(|name| name.starts_with("peer"))
        });
        let bytes = of_peers.filter_map(|process| process.pointer("/rss_anon_bytes_max")?.as_f64());
        bytes.fold(0.0, f64::max) / 1e6
    }

    /// Bytes that one peer's folder grew by for each transaction.
    fn peer_disk_bytes(&self) -> f64 {
        let grown = self.list("/folders").iter().filter_map(|folder| {
            let number = |pointer: &str| folder.pointer(pointer).and_then(Value::as_f64);
            let is_peer = folder.pointer("/name")?.as_str()?.starts_with("peer");
            is_peer.then_some(number("/bytes_after")? - number("/bytes_before")?)
        });
        ratio(grown.fold(0.0, f64::max), self.number("/done"))
    }

    fn failed(&self) -> u64 {
        let counts = self.list("/failures").iter();
        counts
            .filter_map(|failure| failure.pointer("/count")?.as_u64())
            .sum()
    }

    fn list(&self, pointer: &str) -> &[Value] {
        self.report
            .pointer(pointer)
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }
}

/// The table of figures and the table of counters, with the machine above them.
pub(crate) fn markdown(cases: &[Case], outcomes: &[Outcome]) -> String {
    let mut text = machine(outcomes);
    text.push_str(
        "\n| case | per second (from–to) | p50 ms | p95 ms | p99 ms | CPU-s/1,000 nodes | generator | tx/block | peer MB | peer disk B/tx | failed |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for case in cases {
        let of_case: Vec<&Outcome> = outcomes
            .iter()
            .filter(|outcome| outcome.case == case.name)
            .collect();
        write_row(&mut text, case.name, &of_case);
    }
    let _ = writeln!(
        text,
        "\nFor each transaction or answer, by node:\n\n| case | node |{}",
        titles()
    );
    let _ = writeln!(text, "|---|---|{}", "---|".repeat(SHOWN.len()));
    for case in cases {
        let of_case: Vec<&Outcome> = outcomes
            .iter()
            .filter(|outcome| outcome.case == case.name)
            .collect();
        write_counters(&mut text, case.name, &of_case);
    }
    text
}

fn titles() -> String {
    SHOWN
        .iter()
        .map(|(title, _)| format!(" {title} |"))
        .collect()
}

fn machine(outcomes: &[Outcome]) -> String {
    let Some(first) = outcomes.first() else {
        return String::new();
    };
    let text = |pointer: &str| first.report.pointer(pointer).map(plain).unwrap_or_default();
    let runs = outcomes
        .iter()
        .filter(|outcome| outcome.case == first.case)
        .count();
    format!(
        "{}, {} cores, {:.0} GB, Linux {}; load before: {}; weft {}; {} s of warm-up, {} s counted, {runs} runs: medians\n",
        text("/machine/processor"),
        text("/machine/cores"),
        first.number("/machine/memory_bytes") / 1e9,
        text("/machine/kernel"),
        text("/machine/load_before"),
        text("/settings/version"),
        text("/settings/warm_up_s"),
        text("/settings/duration_s"),
    )
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn write_row(text: &mut String, case: &str, outcomes: &[&Outcome]) {
    let middle =
        |figure: &dyn Fn(&Outcome) -> f64| median(outcomes.iter().map(|outcome| figure(outcome)));
    let at = |pointer: &'static str| middle(&|outcome| outcome.number(pointer));
    let rates = || outcomes.iter().map(|outcome| outcome.number("/done_per_s"));
    let (least, most) = (
        rates().fold(f64::INFINITY, f64::min),
        rates().fold(0.0, f64::max),
    );
    let generator = middle(&|outcome| {
        ratio(
            outcome.number("/generator/cpu_s") * 1_000.0,
            outcome.number("/done"),
        )
    });
    let _ = writeln!(
        text,
        "| {case} | {:.1} ({least:.1}–{most:.1}) | {:.2} | {:.2} | {:.2} | {:.3} | {generator:.3} | {:.1} | {:.0} | {:.0} | {} |",
        at("/done_per_s"),
        at("/latency_ms/p50"),
        at("/latency_ms/p95"),
        at("/latency_ms/p99"),
        at("/cpu_s_per_1000"),
        at("/blocks/transactions_per_block"),
        middle(&Outcome::peer_memory_mb),
        middle(&Outcome::peer_disk_bytes),
        outcomes.iter().map(|outcome| outcome.failed()).sum::<u64>(),
    );
}

fn write_counters(text: &mut String, case: &str, outcomes: &[&Outcome]) {
    let Some(first) = outcomes.first() else {
        return;
    };
    for (place, (node, _)) in first.counted.each.iter().enumerate() {
        let _ = write!(text, "| {case} | {node} |");
        for (title, _) in SHOWN {
            let values: Vec<f64> = outcomes
                .iter()
                .filter_map(|outcome| outcome.counted.each.get(place)?.1.get(title).copied())
                .collect();
            let _ = match values.is_empty() {
                true => write!(text, " – |"),
                false => write!(text, " {:.3} |", median(values.into_iter())),
            };
        }
        text.push('\n');
    }
}

/// The middle value; of an even number of values the lower of the two in the middle.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len().saturating_sub(1) / 2;
    values.get(middle).copied().unwrap_or(0.0)
}

fn ratio(dividend: f64, divisor: f64) -> f64 {
    if divisor > 0.0 {
        dividend / divisor
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::{Outcome, markdown, median};
    use crate::bench::CASES;
    use crate::bench::counters::Counted;
    use serde_json::json;

    fn outcome(per_s: f64, syncs: f64) -> Outcome {
        Outcome {
            case: CASES[0].name,
            report: json!({
                "done_per_s": per_s, "done": 100, "latency_ms": {"p50": 2.5, "p95": 3.0, "p99": 4.0},
                "cpu_s_per_1000": 1.25, "generator": {"cpu_s": 0.02}, "blocks": {"transactions_per_block": 12.0},
                "processes": [{"name": "orderer", "rss_anon_bytes_max": 9e9}, {"name": "peer0.org1", "rss_anon_bytes_max": 5e7}],
                "folders": [{"name": "peer0.org1", "bytes_before": 1000, "bytes_after": 501000}],
                "failures": [{"count": 2}],
            }),
            counted: Counted {
                calls: 100.0,
                each: vec![("orderer", [("fsyncs", syncs)].into())],
            },
        }
    }

    #[test]
    fn the_middle_of_the_runs_counts_and_the_spread_is_shown() {
        let text = markdown(
            &CASES[..1],
            &[outcome(90.0, 0.1), outcome(110.0, 0.3), outcome(100.0, 0.2)],
        );
        let row = "| CreateAsset, lone | 100.0 (90.0–110.0) | 2.50 | 3.00 | 4.00 | 1.250 | 0.200 | 12.0 | 50 | 5000 | 6 |";
        assert!(text.contains(row), "{text}");
        assert!(
            text.contains("| CreateAsset, lone | orderer | – | – | – | 0.200 |"),
            "{text}"
        );
    }

    #[test]
    fn a_median_is_one_of_the_values() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([2.0, 1.0].into_iter()), 1.0);
        assert_eq!(median(std::iter::empty()), 0.0);
    }
}
