//! A line for each figure: name, size of the ledger it was measured at, unit, median, lowest, highest, separated by tabs.

use std::path::Path;
use std::time::Duration;

/// Prints times in milliseconds.
pub(crate) fn milliseconds(name: &str, size: u64, times: &[Duration]) {
    let values = times.iter().map(|time| time.as_secs_f64() * 1e3);
    line(name, size, "ms", values.collect());
}

/// Prints times in microseconds, each divided by how many things it was about.
pub(crate) fn microseconds_each(name: &str, size: u64, times: &[Duration], things: u32) {
    let values = times
        .iter()
        .map(|time| time.as_secs_f64() * 1e6 / f64::from(things));
    line(name, size, "us", values.collect());
}

/// Prints a file's size.
pub(crate) fn megabytes(name: &str, size: u64, file: &Path) {
    let bytes = std::fs::metadata(file).unwrap().len();
    let megabytes = u32::try_from(bytes / 1_000_000).unwrap();
    line(name, size, "MB", vec![f64::from(megabytes)]);
}

fn line(name: &str, size: u64, unit: &str, mut values: Vec<f64>) {
    values.sort_by(f64::total_cmp);
    let (low, high) = (values[0], values[values.len() - 1]);
    let median = values[values.len() / 2];
    println!("{name}\t{size}\t{unit}\t{median:.3}\t{low:.3}\t{high:.3}");
}
