use std::fmt::Write as _;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

const LIMITS: Limits = Limits {
    messages_max: 3,
    preferred_bytes: 100,
    batch_timeout: Duration::from_millis(200),
    gaps: constant(10),
};

const fn constant(gap_ms: u64) -> Gaps {
    let gap = Duration::from_millis(gap_ms);
    Gaps { min: gap, max: gap }
}

/// Plays a transcript: `@5` sets the clock to 5 ms, `f1` says that one proposal is in flight, a number orders a message
/// of so many bytes, `c40` a configuration message, `?` asks whether a batch is due. One line for each batch cut.
fn play(script: &str) -> String {
    let mut cutter = BlockCutter::new(LIMITS);
    let (mut now, mut in_flight) = (Duration::ZERO, 0);
    let mut out = String::new();
    for word in script.split_whitespace() {
        let number = |text: &str| text.parse::<usize>().unwrap();
        let batches: Vec<Vec<usize>> = match word.split_at(1) {
            ("@", ms) => {
                now = Duration::from_millis(ms.parse().unwrap());
                continue;
            }
            ("f", count) => {
                in_flight = number(count);
                continue;
            }
            ("?", _) => cutter.due(now, in_flight).into_iter().collect(),
            ("c", size) => cutter.ordered_alone(now, number(size)).into(),
            _ => cutter.ordered(now, number(word), number(word)).into(),
        };
        for batch in batches {
            writeln!(out, "{} ms: {batch:?}", now.as_millis()).unwrap();
        }
    }
    write!(out, "left: {:?}", cutter.pending).unwrap();
    if let Some(at) = cutter.wake_at(in_flight) {
        write!(out, ", next at {} ms", at.as_millis()).unwrap();
    }
    out
}

fn check(script: &str, want: Expect) {
    want.assert_eq(&play(script));
}

#[test]
fn a_batch_is_cut_at_the_message_count() {
    check(
        "f1 @1 10 11 12 13",
        expect![[r#"
            1 ms: [10, 11, 12]
            left: [13], next at 201 ms"#]],
    );
}

#[test]
fn a_message_that_would_overflow_cuts_what_is_pending_and_waits_itself() {
    check(
        "f1 @1 60 41",
        expect![[r#"
            1 ms: [60]
            left: [41], next at 201 ms"#]],
    );
    // Exactly the preferred size is no overflow.
    check("f1 @1 60 40", expect!["left: [60, 40], next at 201 ms"]);
}

#[test]
fn a_message_above_the_preferred_size_goes_alone_after_what_is_pending() {
    check(
        "f1 @1 60 101 5",
        expect![[r#"
            1 ms: [60]
            1 ms: [101]
            left: [5], next at 201 ms"#]],
    );
}

#[test]
fn an_overflow_cut_does_not_restart_the_timer() {
    check(
        "f1 @0 60 @150 60 @199 ? @200 ?",
        expect![[r#"
            150 ms: [60]
            200 ms: [60]
            left: []"#]],
    );
}

#[test]
fn a_cut_that_leaves_nothing_stops_the_timer() {
    check(
        "f1 @0 10 11 12 @150 13 @200 ? @349 ? @350 ?",
        expect![[r#"
            0 ms: [10, 11, 12]
            350 ms: [13]
            left: []"#]],
    );
}

#[test]
fn a_configuration_message_goes_alone_after_what_is_pending() {
    check(
        "f1 @0 10 11 c12 13",
        expect![[r#"
            0 ms: [10, 11]
            0 ms: [12]
            left: [13], next at 200 ms"#]],
    );
}

#[test]
fn a_lone_message_is_due_at_once_when_nothing_is_in_flight() {
    check(
        "@7 10 ?",
        expect![[r#"
            7 ms: [10]
            left: []"#]],
    );
}

#[test]
fn an_idle_orderer_keeps_the_gap_between_blocks() {
    check(
        "@7 10 ? @8 11 ? @16 ? 12 @17 ?",
        expect![[r#"
            7 ms: [10]
            17 ms: [11, 12]
            left: []"#]],
    );
}

#[test]
fn messages_gather_while_a_proposal_is_in_flight() {
    check(
        "@7 10 ? f1 @50 11 ? @120 12 ? f0 ?",
        expect![[r#"
            7 ms: [10]
            120 ms: [11, 12]
            left: []"#]],
    );
}

#[test]
fn the_batch_timeout_holds_while_a_proposal_is_in_flight() {
    check(
        "f1 @7 10 @206 ? @207 ?",
        expect![[r#"
            207 ms: [10]
            left: []"#]],
    );
}

#[derive(Clone, Debug)]
enum Event {
    Message(usize),
    Config,
    InFlight(usize),
}

/// The rules once more, told as a clock that ticks every millisecond and looks at everything each time.
fn naive(limits: Limits, events: &[(u64, Event)], until_ms: u64) -> Vec<(u64, Vec<usize>)> {
    let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap();
    let mut blocks: Vec<(u64, Vec<usize>)> = Vec::new();
    let mut pending: Vec<(usize, usize)> = Vec::new();
    let mut timer_started: Option<u64> = None;
    let mut in_flight = 0;
    let mut id = 0;
    let names = |batch: &[(usize, usize)]| batch.iter().map(|(id, _)| *id).collect::<Vec<_>>();
    for now in 0..=until_ms {
        for (_, event) in events.iter().filter(|(at, _)| *at == now) {
            match event {
                Event::InFlight(count) => in_flight = *count,
                Event::Message(size) => {
                    let alone = *size > limits.preferred_bytes;
                    let sum = pending.iter().map(|(_, size)| size).sum::<usize>() + size;
                    if sum > limits.preferred_bytes && !pending.is_empty() {
                        blocks.push((now, names(&pending)));
                        pending.clear();
                    }
                    pending.push((id, *size));
                    if alone || pending.len() == limits.messages_max {
                        blocks.push((now, names(&pending)));
                        pending.clear();
                    }
                    id += 1;
                }
                Event::Config => {
                    if !pending.is_empty() {
                        blocks.push((now, names(&pending)));
                        pending.clear();
                    }
                    blocks.push((now, vec![id]));
                    id += 1;
                }
            }
            timer_started = match pending.is_empty() {
                true => None,
                false => timer_started.or(Some(now)),
            };
        }
        let timed_out = timer_started.is_some_and(|at| now - at >= ms(limits.batch_timeout));
        let gap_over = blocks
            .last()
            .is_none_or(|(at, _)| now - at >= ms(limits.gaps.min));
        if !pending.is_empty() && (timed_out || in_flight == 0 && gap_over) {
            blocks.push((now, names(&pending)));
            pending.clear();
            timer_started = None;
        }
    }
    blocks
}

/// The cutter as its task uses it: woken by events and by `wake_at`, never by a tick.
fn event_driven(limits: Limits, events: &[(u64, Event)], until_ms: u64) -> Vec<(u64, Vec<usize>)> {
    let at_ms = Duration::from_millis;
    let mut cutter = BlockCutter::new(limits);
    let mut blocks = Vec::new();
    let (mut in_flight, mut id) = (0, 0);
    let mut events = events.iter().peekable();
    let mut now = 0;
    loop {
        while let Some((_, event)) = events.next_if(|(at, _)| *at == now) {
            match event {
                Event::InFlight(count) => in_flight = *count,
                Event::Message(size) => {
                    let cut = cutter.ordered(at_ms(now), id, *size);
                    blocks.extend(cut.into_iter().map(|batch| (now, batch)));
                    id += 1;
                }
                Event::Config => {
                    let cut = cutter.ordered_alone(at_ms(now), id);
                    blocks.extend(cut.into_iter().map(|batch| (now, batch)));
                    id += 1;
                }
            }
        }
        let due = cutter.due(at_ms(now), in_flight);
        blocks.extend(due.map(|batch| (now, batch)));
        let wake = cutter.wake_at(in_flight);
        let wake = wake.map(|at| u64::try_from(at.as_millis()).unwrap());
        let next = events.peek().map(|(at, _)| *at);
        match [wake, next].into_iter().flatten().min() {
            Some(next) if next <= until_ms => now = next,
            _ => return blocks,
        }
    }
}

fn events() -> impl Strategy<Value = Vec<(u64, Event)>> {
    let event = prop_oneof![
        8 => (0_usize..130).prop_map(Event::Message),
        1 => Just(Event::Config),
        2 => (0_usize..3).prop_map(Event::InFlight),
    ];
    prop::collection::vec((0_u64..900, event), 0..60).prop_map(|mut events| {
        events.sort_by_key(|(at, _)| *at);
        events
    })
}

proptest! {
    #[test]
    fn the_cutter_does_what_a_ticking_clock_would_do(
        events in events(), messages_max in 1_usize..6, gap in 0_u64..40, timeout in 1_u64..300,
    ) {
        let limits = Limits {
            messages_max,
            gaps: constant(gap),
            batch_timeout: Duration::from_millis(timeout),
            ..LIMITS
        };
        prop_assert_eq!(event_driven(limits, &events, 2_000), naive(limits, &events, 2_000));
    }

    #[test]
    fn every_message_is_in_one_batch_and_in_order(events in events()) {
        let mut events = events;
        events.push((1_000, Event::InFlight(0)));
        let messages = events.iter().filter(|(_, e)| !matches!(e, Event::InFlight(_))).count();
        let blocks = event_driven(LIMITS, &events, 2_000);
        let ordered: Vec<usize> = blocks.into_iter().flat_map(|(_, batch)| batch).collect();
        prop_assert_eq!(ordered, (0..messages).collect::<Vec<_>>());
    }
}
