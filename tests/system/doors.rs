//! The doors: REST, gRPC and the command line, and what becomes of those who knock wrongly.
//!
//! Each row of the tables says by which door a bad request comes and what must be answered: the door's own status and
//! the code of Weft's registry. After each row the peer is the same process, healthy, and answers a good request.

mod bodies;
mod calls;
mod desk;
mod flow;
mod identities;
mod packages;
mod troubles;

use desk::Desk;

/// Memory that hostile requests may leave behind in a peer, in KiB: allocators keep what they once had.
const MEMORY_LEFT_KIB_MAX: u64 = 64 * 1024;
/// Memory that they may take at any moment, in KiB: a body, a package unpacked, what a message is copied to.
const MEMORY_TAKEN_KIB_MAX: u64 = 384 * 1024;

#[test]
fn bad_input_is_refused_with_its_code_at_every_door_and_leaves_nothing_behind() {
    let mut desk = Desk::open();
    let before = desk.traces();
    desk.check(calls::ROWS);
    desk.check(identities::ROWS);
    let (before_kib, peak_before_kib) = desk.memory_kib();
    desk.check(bodies::ROWS);
    desk.check_packages();
    let (after_kib, peak_after_kib) = desk.memory_kib();
    let left = after_kib.saturating_sub(before_kib);
    let taken = peak_after_kib.saturating_sub(peak_before_kib);
    println!("hostile requests took {taken} KiB in the peer and left {left} KiB");
    assert!(left < MEMORY_LEFT_KIB_MAX, "{left} KiB stay in the peer");
    assert!(
        taken < MEMORY_TAKEN_KIB_MAX,
        "{taken} KiB were taken in the peer"
    );
    assert_eq!(desk.traces(), before, "nothing is half-done");
    desk.report();
}
