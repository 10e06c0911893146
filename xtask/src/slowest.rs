//! The slowest tests of a run, read from what the test harness prints.

use std::fmt::Write as _;

/// Test names with their seconds.
#[derive(Default)]
pub(crate) struct Slowest {
    tests: Vec<(f64, String)>,
}

impl Slowest {
    /// Notes a line such as `test rule_holds ... ok <0.012s>`; other lines are passed over.
    pub(crate) fn note(&mut self, binary: &str, line: &str) {
        let Some((test, rest)) = line
            .strip_prefix("test ")
            .and_then(|l| l.split_once(" ... "))
        else {
            return;
        };
        let seconds = rest
            .rsplit_once('<')
            .and_then(|(_, time)| time.strip_suffix("s>"))
            .and_then(|t| t.parse().ok());
        if let Some(seconds) = seconds {
            self.tests.push((seconds, format!("{binary} {test}")));
        }
    }

    /// The `count` slowest, one a line, slowest first.
    pub(crate) fn table(&mut self, count: usize) -> String {
        self.tests.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut table = format!(
            "the {} slowest of {} tests:\n",
            count.min(self.tests.len()),
            self.tests.len()
        );
        for (seconds, name) in self.tests.iter().take(count) {
            let _ = writeln!(table, "  {seconds:8.3} s  {name}");
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::Slowest;

    #[test]
    fn the_slowest_come_first_and_other_lines_do_not_count() {
        let mut slowest = Slowest::default();
        for line in [
            "running 3 tests",
            "test a ... ok <0.001s>",
            "test b ... FAILED <2.5s>",
            "test c ... ignored",
        ] {
            slowest.note("x", line);
        }
        assert_eq!(
            slowest.table(1),
            "the 1 slowest of 2 tests:\n     2.500 s  x b\n"
        );
    }
}
