//! `context`: what the proposal says.

use std::collections::BTreeMap;

use bytes::Bytes;
use wasmtime::StoreContextMut;
use wasmtime::component::LinkerInstance;

use crate::context::TxContext;
use crate::guest::Guest;

use super::meter::Call;
use super::types::{Identity, Timestamp};

pub(super) fn link(linker: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    linker.func_wrap("tx-id", |store, (): ()| {
        tell(store, |context, _| context.tx_id.clone(), String::len)
    })?;
    linker.func_wrap("channel-id", |store, (): ()| {
        tell(store, |_, channel| channel.to_owned(), String::len)
    })?;
    linker.func_wrap("creator", |store, (): ()| {
        let identity = |context: &TxContext, _: &str| Identity {
            msp_id: context.creator_msp_id.clone(),
            certificate: context.creator_certificate.clone(),
        };
        tell(store, identity, |identity| {
            identity.msp_id.len() + identity.certificate.len()
        })
    })?;
    linker.func_wrap("tx-timestamp", |store, (): ()| {
        tell(
            store,
            |context, _| Timestamp::from(&context.timestamp),
            |_| 0,
        )
    })?;
    linker.func_wrap("transient", |store, (): ()| {
        tell(
            store,
            |context, _| pairs(&context.transient),
            |pairs| pairs_len(pairs),
        )
    })?;
    linker.func_wrap("binding", |store, (): ()| {
        tell(store, |context, _| context.binding.clone(), Bytes::len)
    })?;
    linker.func_wrap("decorations", |store, (): ()| {
        tell(
            store,
            |context, _| pairs(&context.decorations),
            |pairs| pairs_len(pairs),
        )
    })?;
    linker.func_wrap("signed-proposal", |store, (): ()| {
        tell(
            store,
            |context, _| context.signed_proposal.clone(),
            Bytes::len,
        )
    })
}

/// Gives something of the proposal, for its price.
fn tell<T>(
    store: StoreContextMut<'_, Guest>,
    what: impl FnOnce(&TxContext, &str) -> T,
    bytes: impl FnOnce(&T) -> usize,
) -> wasmtime::Result<(T,)> {
    let mut call = Call::enter(store)?;
    let guest = call.guest();
    let context = guest.context()?;
    let value = what(&context, &guest.channel);
    call.pay_bytes(bytes(&value))?;
    Ok((value,))
}

fn pairs(map: &BTreeMap<String, Bytes>) -> Vec<(String, Bytes)> {
    map.iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn pairs_len(pairs: &[(String, Bytes)]) -> usize {
    pairs
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum()
}
