//! Durations as Go writes them in configuration values (`2s`, `300ms`, `1m30s`).

use std::time::Duration;

/// Units from the longest name to the shortest, so that `ms` is not read as `m`.
const UNITS: [(&str, u128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Longest text that is read; Go has no bound, and nothing longer says anything more.
const TEXT_BYTES_MAX: usize = 64;

/// Reads a positive duration in the form of Go's `time.ParseDuration`; `None` for anything else, zero included.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut nanos: u128 = 0;
    while !rest.is_empty() {
        let (whole, after) = digits(rest);
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => digits(after),
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let (unit, after) = UNITS
            .iter()
            .find_map(|(name, unit)| Some((*unit, after.strip_prefix(name)?)))?;
        let whole: u128 = if whole.is_empty() {
            0
        } else {
            whole.parse().ok()?
        };
        nanos = nanos
            .checked_add(whole.checked_mul(unit)?)?
            .checked_add(part(fraction, unit))?;
        rest = after;
    }
    let nanos = u64::try_from(nanos)
        .ok()
        .filter(|nanos| *nanos <= i64::MAX.unsigned_abs())?;
    (nanos > 0).then(|| Duration::from_nanos(nanos))
}

fn digits(text: &str) -> (&str, &str) {
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

/// The fraction `.digits` of a unit, cut off at the nanosecond.
fn part(fraction: &str, unit: u128) -> u128 {
    let mut scale = unit;
    let mut sum = 0;
    for digit in fraction.bytes() {
        scale /= 10;
        sum += u128::from(digit.saturating_sub(b'0')) * scale;
    }
    sum
}

/// Writes a duration as Go's `Duration.String` does.
pub(crate) fn format(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    let (unit, name) = match nanos {
        0 => return "0s".to_owned(),
        1..1_000 => return format!("{nanos}ns"),
        1_000..1_000_000 => (1_000, "µs"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        _ => return long(nanos),
    };
    format!("{}{name}", decimal(nanos, unit))
}

fn long(nanos: u128) -> String {
    let minutes = nanos / 60_000_000_000;
    let seconds = decimal(nanos % 60_000_000_000, 1_000_000_000);
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{seconds}s"),
        (0, minutes) => format!("{minutes}m{seconds}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

fn decimal(nanos: u128, unit: u128) -> String {
    let width = unit.ilog10() as usize;
    let fraction = format!("{:0width$}", nanos % unit);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() {
        format!("{}", nanos / unit)
    } else {
        format!("{}.{fraction}", nanos / unit)
    }
}

#[cfg(test)]
mod tests {
    use super::{format, parse};

    #[test]
    fn durations_are_read_as_go_reads_them() {
        for (text, nanos) in [
            ("2s", Some(2_000_000_000)),
            ("300ms", Some(300_000_000)),
            ("1m30s", Some(90_000_000_000)),
            ("1.5s", Some(1_500_000_000)),
            (".5s", Some(500_000_000)),
            ("1h", Some(3_600_000_000_000)),
            ("250µs", Some(250_000)),
            ("+1s", Some(1_000_000_000)),
            ("0s", None),
            ("0", None),
            ("-1s", None),
            ("", None),
            ("5", None),
            ("s", None),
            ("1x", None),
            ("9999999999999h", None),
        ] {
            assert_eq!(
                parse(text).map(|duration| duration.as_nanos()),
                nanos,
                "{text}"
            );
        }
    }

    #[test]
    fn a_written_duration_is_read_back() {
        for text in [
            "2s", "300ms", "1m30s", "1.5s", "250µs", "1h0m0s", "7ns", "1m0.25s",
        ] {
            assert_eq!(parse(text).map(format).as_deref(), Some(text));
        }
    }
}
