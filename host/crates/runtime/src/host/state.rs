//! `state`: the public state of the chaincode's own namespace.

use bytes::Bytes;
use prost::Message as _;
use proto::common::SignaturePolicyEnvelope;
use wasmtime::component::{LinkerInstance, Resource};

use crate::guest::Guest;
use crate::world;

use super::keys;
use super::meter::{Call, Failure, answer};
use super::types::{Error, StateCursor};
use super::walk;

pub(super) fn link(linker: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    linker.func_wrap("get", |store, (key,): (String,)| {
        answer(store, |call| get(call, &key))
    })?;
    linker.func_wrap("get-many", |store, (keys,): (Vec<String>,)| {
        answer(store, |call| get_many(call, &keys))
    })?;
    linker.func_wrap("put", |store, (key, value): (String, Vec<u8>)| {
        answer(store, |call| put(call, &key, value))
    })?;
    linker.func_wrap("del", |store, (key,): (String,)| {
        answer(store, |call| del(call, &key))
    })?;
    linker.func_wrap("get-validation-parameter", |store, (key,): (String,)| {
        answer(store, |call| get_policy(call, &key))
    })?;
    linker.func_wrap(
        "set-validation-parameter",
        |store, (key, policy): (String, Vec<u8>)| {
            answer(store, |call| set_policy(call, &key, policy))
        },
    )?;
    link_cursors(linker)?;
    link_pages(linker)
}

fn link_cursors(linker: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    linker.resource("cursor", walk::cursor_type(), walk::drop_cursor)?;
    linker.func_wrap(
        "[method]cursor.next",
        |store, (cursor, max): (Resource<StateCursor>, u32)| {
            answer(store, |call| walk::next(call, &cursor, max))
        },
    )?;
    linker.func_wrap("range", |store, (start, end): (String, String)| {
        answer(store, |call| {
            call.pay_bytes(start.len() + end.len())?;
            open(call, &keys::simple_range(&start, &end)?)
        })
    })?;
    linker.func_wrap(
        "partial-composite",
        |store, (object_type, attributes): (String, Vec<String>)| {
            answer(store, |call| {
                call.pay_bytes(object_type.len())?;
                call.pay_list(&attributes)?;
                open(call, &keys::composite_range(&object_type, &attributes)?)
            })
        },
    )
}

fn link_pages(linker: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    linker.func_wrap(
        "range-page",
        |store, (start, end, size, bookmark): (String, String, u32, String)| {
            answer(store, |call| {
                call.pay(world::PRICE_READ)?;
                call.pay_bytes(start.len() + end.len() + bookmark.len())?;
                walk::page(call, &keys::simple_range(&start, &end)?, size, &bookmark)
            })
        },
    )?;
    linker.func_wrap(
        "partial-composite-page",
        |store, (object_type, attributes, size, bookmark): (String, Vec<String>, u32, String)| {
            answer(store, |call| {
                call.pay(world::PRICE_READ)?;
                call.pay_bytes(object_type.len() + bookmark.len())?;
                call.pay_list(&attributes)?;
                let range = keys::composite_range(&object_type, &attributes)?;
                walk::page(call, &range, size, &bookmark)
            })
        },
    )?;
    linker.func_wrap(
        "composite-page",
        |store, (size, bookmark): (u32, String)| {
            answer(store, |call| {
                call.pay(world::PRICE_READ)?;
                call.pay_bytes(bookmark.len())?;
                walk::page(call, &keys::all_composite(), size, &bookmark)
            })
        },
    )
}

fn get(call: &mut Call<'_>, key: &str) -> Result<Option<Bytes>, Failure> {
    call.pay(world::PRICE_READ)?;
    call.pay_bytes(key.len())?;
    keys::check(key)?;
    let (namespace, simulator) = call.guest().state()?;
    let value = simulator.get_state(namespace, key)?;
    call.pay_bytes(value.as_ref().map_or(0, Bytes::len))?;
    Ok(value)
}

fn get_many(call: &mut Call<'_>, keys: &[String]) -> Result<Vec<Option<Bytes>>, Failure> {
    pay_and_check_keys(call, keys)?;
    let keys: Vec<_> = keys.iter().map(String::as_str).collect();
    let (namespace, simulator) = call.guest().state()?;
    let values = simulator.get_states(namespace, &keys)?;
    call.pay_bytes(values.iter().flatten().map(Bytes::len).sum())?;
    Ok(values)
}

/// Pays for a `get-many` and checks its keys.
pub(super) fn pay_and_check_keys(call: &mut Call<'_>, keys: &[String]) -> Result<(), Failure> {
    call.pay(world::PRICE_READ.saturating_mul(keys.len() as u64))?;
    call.pay_list(keys)?;
    if keys.len() > world::KEYS_PER_GET_MAX {
        return Err(Error::limit("keys", keys.len(), world::KEYS_PER_GET_MAX).into());
    }
    keys.iter().try_for_each(|key| keys::check(key))?;
    Ok(())
}

fn put(call: &mut Call<'_>, key: &str, value: Vec<u8>) -> Result<(), Failure> {
    pay_and_check_write(call, key, &value)?;
    let (namespace, simulator) = call.guest().state()?;
    Ok(simulator.put_state(namespace, key, value.into())?)
}

fn del(call: &mut Call<'_>, key: &str) -> Result<(), Failure> {
    pay_and_check_write(call, key, &[])?;
    let (namespace, simulator) = call.guest().state()?;
    Ok(simulator.del_state(namespace, key)?)
}

fn get_policy(call: &mut Call<'_>, key: &str) -> Result<Option<Bytes>, Failure> {
    call.pay(world::PRICE_READ)?;
    call.pay_bytes(key.len())?;
    keys::check(key)?;
    let (namespace, simulator) = call.guest().state()?;
    let policy = simulator.get_validation_parameter(namespace, key)?;
    call.pay_bytes(policy.as_ref().map_or(0, Bytes::len))?;
    Ok(policy)
}

fn set_policy(call: &mut Call<'_>, key: &str, policy: Vec<u8>) -> Result<(), Failure> {
    pay_and_check_write(call, key, &policy)?;
    check_policy(&policy)?;
    let (namespace, simulator) = call.guest().state()?;
    Ok(simulator.set_validation_parameter(namespace, key, policy.into())?)
}

/// Pays for a write and checks its key and its value.
pub(super) fn pay_and_check_write(
    call: &mut Call<'_>,
    key: &str,
    value: &[u8],
) -> Result<(), Failure> {
    call.pay(world::PRICE_WRITE)?;
    call.pay_bytes(key.len() + value.len())?;
    keys::check(key)?;
    if value.len() > world::VALUE_BYTES_MAX {
        return Err(Error::limit("bytes of a value", value.len(), world::VALUE_BYTES_MAX).into());
    }
    Ok(())
}

/// Checks that a key's policy is one that validation can read; an empty one takes the policy away.
pub(super) fn check_policy(policy: &[u8]) -> Result<(), Error> {
    SignaturePolicyEnvelope::decode(policy)
        .map(drop)
        .map_err(|_| {
            Error::invalid("the policy is not a marshalled common.SignaturePolicyEnvelope")
        })
}

fn open(call: &mut Call<'_>, range: &keys::Range) -> Result<Resource<StateCursor>, Failure> {
    call.pay(world::PRICE_READ)?;
    let (namespace, simulator) = call.guest().state()?;
    let id = simulator.open_range(namespace, &range.start, &range.end)?;
    walk::hand_over(call, id)
}
