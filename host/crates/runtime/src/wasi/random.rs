//! `wasi:random`: numbers that follow from the transaction's id, so that all peers have the same.
//!
//! They hash well and are no secret: whoever knows the transaction knows them.

use sha2::{Digest as _, Sha256};
use wasmtime::StoreContextMut;
use wasmtime::component::LinkerInstance;

use crate::guest::Guest;
use crate::host::meter::Call;
use crate::trap::{Abort, Trap, TrapCode};

/// Bytes that one call gives; who asks for more is ended.
const RANDOM_BYTES_MAX: u64 = 65_536;

/// SHA-256 over a seed and a counter.
#[derive(Debug)]
pub(super) struct Random {
    seed: [u8; 32],
    counter: u64,
}

impl Random {
    pub(super) fn new(domain: &str, tx_id: &str, namespace: &str) -> Self {
        let mut hash = Sha256::new();
        for part in ["weft-wasi", domain, tx_id, namespace] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self {
            seed: hash.finalize().into(),
            counter: 0,
        }
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(len.saturating_add(32));
        while bytes.len() < len {
            let counter = self.counter.to_be_bytes();
            self.counter = self.counter.wrapping_add(1);
            let block = Sha256::new()
                .chain_update(self.seed)
                .chain_update(counter)
                .finalize();
            bytes.extend_from_slice(&block);
        }
        bytes.truncate(len);
        bytes
    }

    fn number(&mut self) -> u64 {
        self.bytes(8)
            .into_iter()
            .fold(0, |number, byte| (number << 8) | u64::from(byte))
    }
}

/// Defines a function of the package; says whether it knows the name.
pub(super) fn define(linker: &mut LinkerInstance<'_, Guest>, name: &str) -> wasmtime::Result<bool> {
    match name {
        "get-random-bytes" => linker.func_wrap(name, |store, (len,): (u64,)| {
            bytes(store, len, |guest| &mut guest.wasi.random)
        })?,
        "get-insecure-random-bytes" => linker.func_wrap(name, |store, (len,): (u64,)| {
            bytes(store, len, |guest| &mut guest.wasi.insecure)
        })?,
        "get-random-u64" => linker.func_wrap(name, |store, (): ()| {
            Ok((Call::enter(store)?.guest().wasi.random.number(),))
        })?,
        "get-insecure-random-u64" => linker.func_wrap(name, |store, (): ()| {
            Ok((Call::enter(store)?.guest().wasi.insecure.number(),))
        })?,
        "insecure-seed" => linker.func_wrap(name, |store, (): ()| {
            let mut call = Call::enter(store)?;
            let random = &mut call.guest().wasi.insecure;
            Ok(((random.number(), random.number()),))
        })?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn bytes(
    store: StoreContextMut<'_, Guest>,
    len: u64,
    which: impl FnOnce(&mut Guest) -> &mut Random,
) -> wasmtime::Result<(Vec<u8>,)> {
    let mut call = Call::enter(store)?;
    let len = match usize::try_from(len) {
        Ok(bytes) if len <= RANDOM_BYTES_MAX => bytes,
        _ => {
            let text = "the chaincode asked for too many random bytes at once";
            return Err(Abort::Trap(Trap::with_message(TrapCode::DisabledFeature, text)).into());
        }
    };
    call.pay_bytes(len)?;
    Ok((which(call.guest()).bytes(len),))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn randomness_follows_from_transaction_and_chaincode() {
        let bytes = |tx, cc| Random::new("random", tx, cc).bytes(40);
        assert_eq!(bytes("t1", "cc"), bytes("t1", "cc"));
        assert_ne!(bytes("t1", "cc"), bytes("t2", "cc"));
        assert_ne!(bytes("t1", "cc"), bytes("t1", "other"));
        assert_ne!(
            bytes("t1", "cc"),
            Random::new("insecure", "t1", "cc").bytes(40)
        );
        assert_ne!(bytes("ab", "c"), bytes("a", "bc"));
    }

    #[test]
    fn later_numbers_differ_from_earlier_ones() {
        let mut random = Random::new("random", "t", "cc");
        assert_ne!(random.number(), random.number());
    }
}
