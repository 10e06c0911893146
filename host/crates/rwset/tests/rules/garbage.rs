//! Bytes that nobody meant.

use proptest::prelude::*;
use rwset::{BlockTx, TxRwSet, validate_block};

use crate::notation::{encoded, state};

/// Bytes that are nearly a read-write set: one with a few bytes changed.
fn nearly() -> impl Strategy<Value = Vec<u8>> {
    let whole = encoded(
        "get a@3 put a=x meta a=p get c/a@2 put c/a=y meta c/a=q merkle/2 a..z[a@3,b@4,c@5] range a..!b[a@3] get n:a@1",
    );
    let change = (0..whole.len(), any::<u8>());
    prop::collection::vec(change, 0..4).prop_map(move |changes| {
        let mut bytes = whole.to_vec();
        for (index, byte) in changes {
            bytes[index] = byte;
        }
        bytes
    })
}

proptest! {
    #[test]
    fn no_bytes_stop_decoding_or_validation(bytes in prop_oneof![nearly(), prop::collection::vec(any::<u8>(), 0..200)]) {
        if let Ok(rwset) = TxRwSet::parse(&bytes.into()) {
            let _ = rwset.duplicate_namespace();
            let before = state("a@3=x b@4=y c@5=z c/a@2=y");
            let txs = [BlockTx::Endorser(&rwset), BlockTx::Endorser(&rwset)];
            let (verdicts, batch) = validate_block(&before, 9, &txs).unwrap();
            prop_assert_eq!(verdicts.len(), 2);
            let _ = batch.commit_hash(&[0, 0], &[]);
        }
    }
}
