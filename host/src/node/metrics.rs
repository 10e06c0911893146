//! `/metrics`: counters in Prometheus' text format.

use std::fmt::{Display, Write as _};
use std::sync::Arc;

use msp::{SignatureMemo, SigningIdentity};

/// The media type of the page.
pub(crate) const MEDIA_TYPE: &str = "text/plain; version=0.0.4";

/// Makes the page of a node's counters.
pub(crate) type Page = Arc<dyn Fn() -> String + Send + Sync>;

/// The page that `write` writes.
pub(crate) fn page(write: impl Fn(&mut Text) + Send + Sync + 'static) -> Page {
    Arc::new(move || {
        let mut text = Text::default();
        write(&mut text);
        text.page
    })
}

/// How many signatures a node has checked, by computing or by remembering, and how many it has made.
pub(crate) fn write_signatures(text: &mut Text, memo: &SignatureMemo, signer: &SigningIdentity) {
    let checked = memo.checked();
    text.counter("msp_signatures_verified_total", &[], checked.verified);
    text.counter("msp_signatures_known_total", &[], checked.known);
    text.counter("msp_signatures_made_total", &[], signer.signatures_made());
}

/// A page of metrics being written.
#[derive(Default)]
pub(crate) struct Text {
    page: String,
    last: String,
}

impl Text {
    /// Adds a counter: a number that only grows.
    pub(crate) fn counter(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.add("counter", name, labels, value);
    }

    /// Adds a gauge: a number that goes up and down.
    pub(crate) fn gauge(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.add("gauge", name, labels, value);
    }

    /// Adds a histogram: for each upper bound how many were no larger, the sum of all, and how many there were.
    pub(crate) fn histogram(&mut self, name: &str, buckets: &[(f64, u64)], sum: f64, count: u64) {
        let _ = writeln!(self.page, "# TYPE {name} histogram");
        for (bound, below) in buckets {
            let _ = writeln!(self.page, "{name}_bucket{{le=\"{bound}\"}} {below}");
        }
        let _ = writeln!(
            self.page,
            "{name}_bucket{{le=\"+Inf\"}} {count}\n{name}_sum {sum}\n{name}_count {count}"
        );
        name.clone_into(&mut self.last);
    }

    fn add(&mut self, kind: &str, name: &str, labels: &[(&str, &str)], value: impl Display) {
        if self.last != name {
            let _ = writeln!(self.page, "# TYPE {name} {kind}");
            name.clone_into(&mut self.last);
        }
        self.page.push_str(name);
        let escaped = |text: &str| {
            text.replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('\n', "\\n")
        };
        let labels: Vec<String> = labels
            .iter()
            .map(|(label, value)| format!("{label}=\"{}\"", escaped(value)))
            .collect();
        if !labels.is_empty() {
            let _ = write!(self.page, "{{{}}}", labels.join(","));
        }
        let _ = writeln!(self.page, " {value}");
    }
}

/// Microseconds as seconds.
pub(crate) struct Seconds(pub(crate) u64);

impl Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::{Seconds, page};
    use expect_test::expect;

    #[test]
    fn a_metric_has_its_type_once_and_its_labels_escaped() {
        let page = page(|text| {
            text.counter("tx_total", &[("code", "VALID")], 3);
            text.counter("tx_total", &[("code", "a\"b")], 1);
            text.gauge("height", &[], 7);
            text.counter("verify_seconds", &[], Seconds(1_000_042));
        });
        expect![[r#"
            # TYPE tx_total counter
            tx_total{code="VALID"} 3
            tx_total{code="a\"b"} 1
            # TYPE height gauge
            height 7
            # TYPE verify_seconds counter
            verify_seconds 1.000042
        "#]]
        .assert_eq(&page());
    }
}
