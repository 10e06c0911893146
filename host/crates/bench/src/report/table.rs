//! The result for people.

use std::fmt::Write as _;

use super::{Latency, Report, ratio};

/// Above this share of a core the generator may be what limited the run.
const GENERATOR_SHARE_MAX: f64 = 0.85;
const MEGABYTE: f64 = 1e6;

impl Report {
    /// Lines of text. What others said, such as error messages, is escaped.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = String::new();
        self.write_head(&mut text);
        self.write_times(&mut text);
        self.write_failures(&mut text);
        self.write_costs(&mut text);
        self.write_doubts(&mut text);
        text
    }

    fn write_head(&self, text: &mut String) {
        let settings = &self.settings;
        let call: Vec<String> = settings
            .args
            .iter()
            .map(|arg| arg.escape_debug().to_string())
            .collect();
        let load = match settings.rate_per_s {
            None => format!("{} clients, closed loop", settings.clients),
            Some(rate) => format!(
                "{rate} calls/s, open loop, at most {} at once",
                settings.clients
            ),
        };
        let unit = if settings.mode == "submit" {
            "VALID transactions"
        } else {
            "answers"
        };
        let _ = writeln!(
            text,
            "{} {} {} at {}: {load}, {} connections, {:.1} s after {:.1} s of warm-up",
            settings.mode,
            settings.chaincode.escape_debug(),
            call.join(" "),
            settings.address.escape_debug(),
            settings.connections,
            self.window_s,
            settings.warm_up_s,
        );
        let _ = writeln!(
            text,
            "{:.1} {unit} a second ({} in all, {} failed)",
            self.done_per_s,
            self.done,
            self.failed()
        );
    }

    fn write_times(&self, text: &mut String) {
        let _ = writeln!(
            text,
            "\n{:<10}{:>10}{:>10}{:>10}{:>10}{:>10}",
            "ms", "p50", "p95", "p99", "max", "mean"
        );
        let mut row = |name: &str, times: &Latency| {
            let Latency {
                p50,
                p95,
                p99,
                max,
                mean,
                ..
            } = times;
            let _ = writeln!(
                text,
                "{name:<10}{p50:>10.2}{p95:>10.2}{p99:>10.2}{max:>10.2}{mean:>10.2}"
            );
        };
        row("whole", &self.latency_ms);
        if let Some(stages) = &self.stages_ms {
            row("endorse", &stages.endorse);
            row("submit", &stages.submit);
            row("commit", &stages.commit);
        }
        if let Some(late) = &self.late_ms {
            row("begun late", late);
        }
        if let Some(blocks) = &self.blocks {
            let _ = writeln!(
                text,
                "\n{} blocks, {:.1} transactions in each",
                blocks.count, blocks.transactions_per_block
            );
        }
    }

    fn write_failures(&self, text: &mut String) {
        for failure in &self.failures {
            let (code, example) = (failure.code.escape_debug(), failure.example.escape_debug());
            let _ = writeln!(
                text,
                "failed: {} × {}, {code}: {example}",
                failure.count, failure.stage
            );
        }
    }

    fn write_costs(&self, text: &mut String) {
        let _ = writeln!(
            text,
            "\n{:<16}{:>10}{:>14}{:>12}",
            "process", "CPU s", "CPU s/1,000", "RssAnon MB"
        );
        for process in self.processes.iter().chain([&self.generator]) {
            let each = ratio(process.cpu_s * 1_000.0, self.done as f64);
            let memory = process.rss_anon_bytes_max as f64 / MEGABYTE;
            let name = process.name.escape_debug().to_string();
            let _ = writeln!(
                text,
                "{name:<16}{:>10.2}{each:>14.3}{memory:>12.1}",
                process.cpu_s
            );
        }
        if let Some(each) = self.cpu_s_per_1000 {
            let _ = writeln!(text, "without the generator: {each:.3} CPU-s per 1,000");
        }
        for folder in &self.folders {
            let grown = folder.bytes_after as f64 - folder.bytes_before as f64;
            let name = folder.name.escape_debug();
            let _ = writeln!(
                text,
                "{name} grew by {:.0} bytes a transaction",
                ratio(grown, self.done as f64)
            );
        }
    }

    /// What speaks against the figures.
    fn write_doubts(&self, text: &mut String) {
        if self.not_begun > 0 {
            let _ = writeln!(
                text,
                "doubt: {} calls were not begun: the gateway did not keep up, or there were too few clients",
                self.not_begun
            );
        }
        if ratio(self.generator.cpu_s, self.window_s) > GENERATOR_SHARE_MAX {
            let _ = writeln!(
                text,
                "doubt: the generator used its whole thread: these figures may be its own limit"
            );
        }
        let known: f64 = self
            .processes
            .iter()
            .map(|process| process.cpu_s)
            .sum::<f64>()
            + self.generator.cpu_s;
        let others = self.machine_busy_s - known;
        if !self.processes.is_empty() && others > 0.1 * self.window_s {
            let _ = writeln!(
                text,
                "doubt: other processes used {others:.1} CPU-s meanwhile"
            );
        }
        if self.machine_stolen_s > 0.02 * self.window_s {
            let _ = writeln!(
                text,
                "doubt: the hypervisor took {:.1} CPU-s",
                self.machine_stolen_s
            );
        }
    }
}
