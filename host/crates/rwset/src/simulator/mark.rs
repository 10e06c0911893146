//! Taking back what a part of a simulation did: a called chaincode that failed leaves no trace.

use std::mem;

use super::{CursorId, Simulator};
use crate::recording::Recording;

/// Where a simulation stood; made by [`Simulator::mark`] and given back to [`Simulator::confirm`] or
/// [`Simulator::roll_back`], the last one made first.
///
/// It holds what was recorded before, so both cost no more than what was done since.
#[must_use = "what was recorded before the mark is in it"]
pub struct Mark {
    recording: Recording,
    ranges: usize,
    cursor_next: u64,
    wrote: bool,
    paged: bool,
    private_ranged: bool,
}

impl Simulator {
    /// Begins a part that can be taken back.
    pub fn mark(&mut self) -> Mark {
        Mark {
            recording: mem::take(&mut self.recording),
            ranges: self.ranges.len(),
            cursor_next: self.cursor_next,
            wrote: self.wrote,
            paged: self.paged,
            private_ranged: self.private_ranged,
        }
    }

    /// Ends a part and keeps what it did.
    pub fn confirm(&mut self, mark: Mark) {
        let since = mem::replace(&mut self.recording, mark.recording);
        self.recording.append(since);
    }

    /// Ends a part and takes back its reads and writes; its cursors are closed.
    ///
    /// The bytes it wrote stay counted: the limit is on the work done for a transaction, not on its result.
    pub fn roll_back(&mut self, mark: Mark) {
        self.recording = mark.recording;
        self.ranges.truncate(mark.ranges);
        self.cursors
            .retain(|cursor, _| *cursor < CursorId::first_after(mark.cursor_next));
        self.wrote = mark.wrote;
        self.paged = mark.paged;
        self.private_ranged = mark.private_ranged;
    }
}

#[cfg(test)]
mod tests {
    use model::Version;

    use crate::{MemoryState, SimulateError, Simulator};

    fn simulator() -> Simulator {
        let mut state = MemoryState::default();
        for key in ["a", "b", "c"] {
            state.put("cc", key, key.as_bytes(), Version { block: 1, tx: 0 });
        }
        Simulator::new(Box::new(state), "t")
    }

    fn caller(simulator: &mut Simulator) -> Result<(), SimulateError> {
        simulator.get_state("cc", "a")?;
        simulator.open_range("cc", "a", "b")?;
        simulator.put_state("cc", "x", "1".into())?;
        simulator.put_private("cc", "secret", "p", "2".into())
    }

    fn callee(simulator: &mut Simulator) -> Result<(), SimulateError> {
        simulator.get_state("cc", "b")?;
        simulator.get_state("other", "z")?;
        simulator.open_range("other", "", "")?;
        simulator.put_state("cc", "x", "3".into())?;
        simulator.set_validation_parameter("cc", "x", "policy".into())?;
        simulator.del_private("cc", "secret", "p")?;
        simulator.get_private("cc", "secret", "q").map(drop)
    }

    #[test]
    fn a_part_that_is_kept_is_as_if_there_had_been_no_mark() -> Result<(), SimulateError> {
        let (mut marked, mut plain) = (simulator(), simulator());
        caller(&mut plain)?;
        callee(&mut plain)?;
        caller(&mut marked)?;
        let mark = marked.mark();
        callee(&mut marked)?;
        marked.confirm(mark);
        assert_eq!(marked.finish()?, plain.finish()?);
        Ok(())
    }

    #[test]
    fn a_part_that_is_rolled_back_leaves_no_trace() -> Result<(), SimulateError> {
        let (mut marked, mut plain) = (simulator(), simulator());
        caller(&mut plain)?;
        caller(&mut marked)?;
        let mark = marked.mark();
        callee(&mut marked)?;
        let inner = marked.mark();
        callee(&mut marked)?;
        marked.confirm(inner);
        marked.roll_back(mark);
        assert_eq!(marked.finish()?, plain.finish()?);
        Ok(())
    }

    #[test]
    fn a_rolled_back_write_does_not_forbid_a_page() -> Result<(), SimulateError> {
        let mut simulator = simulator();
        let mark = simulator.mark();
        simulator.put_state("cc", "x", "1".into())?;
        simulator.roll_back(mark);
        assert!(!simulator.wrote());
        simulator.page("cc", "a", "", 2, "").map(drop)
    }

    #[test]
    fn cursors_opened_before_the_mark_go_on_after_a_roll_back() -> Result<(), SimulateError> {
        let mut simulator = simulator();
        let before = simulator.open_range("cc", "a", "")?;
        assert_eq!(simulator.next(before, 1)?.len(), 1);
        let mark = simulator.mark();
        let since = simulator.open_range("cc", "a", "")?;
        simulator.roll_back(mark);
        assert_eq!(simulator.next(before, 10)?.len(), 2);
        assert!(matches!(
            simulator.next(since, 1),
            Err(SimulateError::NoCursor)
        ));
        Ok(())
    }
}
