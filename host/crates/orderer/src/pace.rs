//! How long messages are gathered: briefly while few come, longer the more come.

use std::time::Duration;

/// Messages a second up to which the gap is the shortest.
const RATE_IDLE: f64 = 100.0;
/// Messages a second from which on the gap is the longest.
const RATE_BUSY: f64 = 1_000.0;
/// Over about how long the rate is averaged, in seconds: some blocks, so that one burst is no rush hour.
const MEMORY_S: f64 = 0.2;

/// The bounds of the gap between two proposals that no rule of Fabric's asks for. Equal ones make it constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gaps {
    /// While messages are rare: what a lone sender may have to wait.
    pub(crate) min: Duration,
    /// While many come: what each block costs all nodes is shared by more of them.
    pub(crate) max: Duration,
}

/// The rate at which messages were cut into batches, and the gap that follows from it.
///
/// Between the two rates the gap grows in a straight line, so the messages in a block grow with the square of the rate.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Pace {
    /// Messages a second.
    rate: f64,
    /// When the last batch was cut, since the caller's origin.
    last_cut: Option<Duration>,
}

impl Pace {
    /// Notes that so many messages were cut.
    pub(crate) fn cut(&mut self, now: Duration, messages: usize) {
        if let Some(last) = self.last_cut {
            let passed = now.saturating_sub(last).as_secs_f64();
            #[expect(clippy::cast_precision_loss, reason = "batches are far below 2^52")]
            let messages = messages as f64;
            self.rate = (self.rate * MEMORY_S + messages) / (passed + MEMORY_S);
        }
        self.last_cut = Some(now);
    }

    /// When the gap since the last batch is over; at once if there was none.
    pub(crate) fn gap_over_at(&self, gaps: Gaps) -> Duration {
        let load = ((self.rate - RATE_IDLE) / (RATE_BUSY - RATE_IDLE)).clamp(0.0, 1.0);
        let room = gaps.max.saturating_sub(gaps.min);
        match self.last_cut {
            Some(last) => last
                .saturating_add(gaps.min)
                .saturating_add(room.mul_f64(load)),
            None => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAPS: Gaps = Gaps {
        min: Duration::from_millis(2),
        max: Duration::from_millis(50),
    };

    /// The gap in whole milliseconds after two seconds of one batch every `every_ms`.
    fn gap_ms(messages: usize, every_ms: u64) -> u128 {
        let mut pace = Pace::default();
        let mut now = Duration::ZERO;
        for _ in 0..2_000 / every_ms {
            now += Duration::from_millis(every_ms);
            pace.cut(now, messages);
        }
        (pace.gap_over_at(GAPS) - now).as_millis()
    }

    #[test]
    fn the_gap_follows_the_rate_whatever_the_size_of_the_batches() {
        assert_eq!(gap_ms(1, 20), 2, "50 a second");
        assert_eq!(gap_ms(11, 20), 25, "550 a second");
        assert_eq!(gap_ms(55, 100), 25, "550 a second");
        assert_eq!(gap_ms(50, 20), 50, "2,500 a second");
    }

    #[test]
    fn the_first_message_of_all_waits_for_nothing() {
        assert_eq!(Pace::default().gap_over_at(GAPS), Duration::ZERO);
    }

    #[test]
    fn one_burst_is_no_rush_hour_and_a_rush_hour_is_soon_forgotten() {
        let at = Duration::from_millis;
        let mut pace = Pace::default();
        pace.cut(at(0), 1);
        pace.cut(at(5_000), 20);
        assert_eq!(pace.gap_over_at(GAPS), at(5_002));
        for batch in 0..100 {
            pace.cut(at(5_000 + 50 * batch), 100);
        }
        pace.cut(at(10_000), 1);
        assert_eq!(pace.gap_over_at(GAPS), at(10_050));
        pace.cut(at(13_000), 1);
        assert!(pace.gap_over_at(GAPS) < at(13_004));
    }

    #[test]
    fn equal_bounds_make_the_gap_constant() {
        let gaps = Gaps {
            min: Duration::from_millis(7),
            max: Duration::from_millis(7),
        };
        let mut pace = Pace::default();
        for ms in 0..100 {
            pace.cut(Duration::from_millis(ms), 100);
            assert_eq!(pace.gap_over_at(gaps), Duration::from_millis(ms + 7));
        }
    }
}
