use std::sync::atomic::{AtomicU8, Ordering};

const WAITING: u8 = 0;
const TAKEN: u8 = 1;
const WITHDRAWN: u8 = 2;

/// Whether a connection has taken a message: from then on it may have been ordered, whatever else is known. What the sender has
/// withdrawn before is taken by no connection any more.
#[derive(Debug, Default)]
pub(crate) struct Taking(AtomicU8);

impl Taking {
    /// Takes the message; false if it was withdrawn.
    pub(crate) fn take(&self) -> bool {
        self.change(WAITING, TAKEN) || self.0.load(Ordering::SeqCst) == TAKEN
    }

    /// The connection has not handed the message on.
    pub(crate) fn put_back(&self) {
        self.change(TAKEN, WAITING);
    }

    /// Withdraws the message; false if it was taken.
    pub(crate) fn withdraw(&self) -> bool {
        self.change(WAITING, WITHDRAWN) || self.is_withdrawn()
    }

    pub(crate) fn is_withdrawn(&self) -> bool {
        self.0.load(Ordering::SeqCst) == WITHDRAWN
    }

    fn change(&self, from: u8, to: u8) -> bool {
        let changed = self
            .0
            .compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst);
        changed.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::Taking;

    #[test]
    fn what_was_withdrawn_is_not_taken_and_what_was_taken_is_not_withdrawn() {
        let taking = Taking::default();
        assert!(taking.take() && taking.take());
        assert!(!taking.withdraw());
        taking.put_back();
        assert!(taking.withdraw() && taking.withdraw());
        assert!(!taking.take());
        taking.put_back();
        assert!(!taking.take() && taking.is_withdrawn());
    }
}
