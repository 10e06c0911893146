//! `private-data`: collections of the chaincode.

use bytes::Bytes;
use wasmtime::component::{LinkerInstance, Resource};

use crate::context::{CollectionAccess, CollectionRequest};
use crate::guest::{Entry, Guest};
use crate::trap::Abort;
use crate::world::{self, code};

use super::keys;
use super::meter::{Call, Failure, answer};
use super::state::{check_policy, pay_and_check_keys, pay_and_check_write};
use super::types::{Error, StateCursor};
use super::walk;

/// What a function does with a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// Only that it exists: hashes and policies are on every peer.
    Existence,
    Read,
    Write,
    Purge,
}

pub(super) fn link(linker: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    linker.func_wrap("get", |store, (collection, key): (String, String)| {
        answer(store, |call| get(call, &collection, &key))
    })?;
    linker.func_wrap(
        "get-many",
        |store, (collection, keys): (String, Vec<String>)| {
            answer(store, |call| get_many(call, &collection, &keys))
        },
    )?;
    linker.func_wrap("get-hash", |store, (collection, key): (String, String)| {
        answer(store, |call| get_hash(call, &collection, &key))
    })?;
    linker.func_wrap(
        "get-validation-parameter",
        |store, (collection, key): (String, String)| {
            answer(store, |call| get_policy(call, &collection, &key))
        },
    )?;
    link_writes(linker)?;
    link_ranges(linker)
}

fn link_writes(linker: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    linker.func_wrap(
        "put",
        |store, (collection, key, value): (String, String, Vec<u8>)| {
            answer(store, |call| {
                before_write(call, &collection, &key, &value, Need::Write)?;
                let (namespace, simulator) = call.guest().state()?;
                Ok(simulator.put_private(namespace, &collection, &key, value.into())?)
            })
        },
    )?;
    linker.func_wrap("del", |store, (collection, key): (String, String)| {
        answer(store, |call| {
            before_write(call, &collection, &key, &[], Need::Write)?;
            let (namespace, simulator) = call.guest().state()?;
            Ok(simulator.del_private(namespace, &collection, &key)?)
        })
    })?;
    linker.func_wrap("purge", |store, (collection, key): (String, String)| {
        answer(store, |call| {
            before_write(call, &collection, &key, &[], Need::Purge)?;
            let (namespace, simulator) = call.guest().state()?;
            Ok(simulator.purge_private(namespace, &collection, &key)?)
        })
    })?;
    linker.func_wrap(
        "set-validation-parameter",
        |store, (collection, key, policy): (String, String, Vec<u8>)| {
            answer(store, |call| {
                before_write(call, &collection, &key, &policy, Need::Write)?;
                check_policy(&policy)?;
                let (namespace, simulator) = call.guest().state()?;
                let policy = policy.into();
                Ok(simulator.set_private_validation_parameter(
                    namespace,
                    &collection,
                    &key,
                    policy,
                )?)
            })
        },
    )
}

fn link_ranges(linker: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    linker.func_wrap(
        "range",
        |store, (collection, start, end): (String, String, String)| {
            answer(store, |call| {
                call.pay_bytes(collection.len() + start.len() + end.len())?;
                open(call, &collection, &keys::simple_range(&start, &end)?)
            })
        },
    )?;
    linker.func_wrap(
        "partial-composite",
        |store, (collection, object_type, attributes): (String, String, Vec<String>)| {
            answer(store, |call| {
                call.pay_bytes(collection.len() + object_type.len())?;
                call.pay_list(&attributes)?;
                open(
                    call,
                    &collection,
                    &keys::composite_range(&object_type, &attributes)?,
                )
            })
        },
    )
}

fn get(call: &mut Call<'_>, collection: &str, key: &str) -> Result<Option<Bytes>, Failure> {
    before_read(call, collection, key, Need::Read)?;
    let (namespace, simulator) = call.guest().state()?;
    let value = simulator.get_private(namespace, collection, key)?;
    paid(call, value)
}

fn get_many(
    call: &mut Call<'_>,
    collection: &str,
    keys: &[String],
) -> Result<Vec<Option<Bytes>>, Failure> {
    call.pay_bytes(collection.len())?;
    pay_and_check_keys(call, keys)?;
    allow(call, collection, Need::Read)?;
    let mut values = Vec::with_capacity(keys.len());
    for key in keys {
        let (namespace, simulator) = call.guest().state()?;
        let value = simulator.get_private(namespace, collection, key)?;
        values.push(paid(call, value)?);
    }
    Ok(values)
}

fn get_hash(call: &mut Call<'_>, collection: &str, key: &str) -> Result<Option<Bytes>, Failure> {
    before_read(call, collection, key, Need::Existence)?;
    let (namespace, simulator) = call.guest().state()?;
    let hash = simulator.private_hash(namespace, collection, key)?;
    paid(call, hash)
}

fn get_policy(call: &mut Call<'_>, collection: &str, key: &str) -> Result<Option<Bytes>, Failure> {
    before_read(call, collection, key, Need::Existence)?;
    let (namespace, simulator) = call.guest().state()?;
    let policy = simulator.get_private_validation_parameter(namespace, collection, key)?;
    paid(call, policy)
}

fn open(
    call: &mut Call<'_>,
    collection: &str,
    range: &keys::Range,
) -> Result<Resource<StateCursor>, Failure> {
    call.pay(world::PRICE_READ)?;
    allow(call, collection, Need::Read)?;
    let (namespace, simulator) = call.guest().state()?;
    let id = simulator.open_private_range(namespace, collection, &range.start, &range.end)?;
    walk::hand_over(call, id)
}

fn before_read(
    call: &mut Call<'_>,
    collection: &str,
    key: &str,
    need: Need,
) -> Result<(), Failure> {
    call.pay(world::PRICE_READ)?;
    call.pay_bytes(collection.len() + key.len())?;
    keys::check(key)?;
    allow(call, collection, need)
}

fn before_write(
    call: &mut Call<'_>,
    collection: &str,
    key: &str,
    value: &[u8],
    need: Need,
) -> Result<(), Failure> {
    call.pay_bytes(collection.len())?;
    pay_and_check_write(call, key, value)?;
    allow(call, collection, need)
}

fn paid(call: &mut Call<'_>, value: Option<Bytes>) -> Result<Option<Bytes>, Failure> {
    call.pay_bytes(value.as_ref().map_or(0, Bytes::len))?;
    Ok(value)
}

/// Asks whether the creator may do this with the collection. The error texts are Fabric's.
fn allow(call: &mut Call<'_>, collection: &str, need: Need) -> Result<(), Failure> {
    let guest = call.guest();
    guest.simulator()?;
    if guest.entry == Entry::Init {
        let text = "private data APIs are not allowed in chaincode Init()";
        return Err(Error::new(code::NOT_ALLOWED_IN_INIT, text).into());
    }
    keys::check_length("bytes of a collection's name", collection)?;
    let channel = guest.channel.clone();
    let name = guest.namespace.clone();
    let denied = |verb: &str| {
        let text = format!(
            "tx creator does not have {verb} access permission on privatedata in \
             chaincodeName:{name} collectionName: {collection}"
        );
        Failure::Told(Error::new(code::ACCESS_DENIED, text))
    };
    match access(guest, collection)? {
        CollectionAccess::Unknown => {
            let text = format!("collection {channel}/{name}/{collection} could not be found");
            Err(Error::new(code::NOT_FOUND, text).into())
        }
        CollectionAccess::Known { read: false, .. } if need == Need::Read => Err(denied("read")),
        CollectionAccess::Known { write: false, .. }
            if matches!(need, Need::Write | Need::Purge) =>
        {
            Err(denied("write"))
        }
        CollectionAccess::Known { purge: false, .. } if need == Need::Purge => {
            let text = "purge private data is not enabled, channel application capability of \
                        V2_5 or later is required";
            Err(Error::new(code::UNSUPPORTED, text).into())
        }
        CollectionAccess::Known { .. } => Ok(()),
    }
}

/// Gives what the creator may do, asked once for each collection that exists.
fn access(guest: &mut Guest, collection: &str) -> Result<CollectionAccess, Abort> {
    if let Some(access) = guest.collections.get(collection) {
        return Ok(*access);
    }
    let Guest {
        channel,
        namespace,
        transaction,
        collections,
        ..
    } = guest;
    let broken = || Abort::Broken("the transaction is elsewhere");
    let transaction = transaction.as_deref_mut().ok_or_else(broken)?;
    let simulator = transaction.simulator.as_deref_mut().ok_or_else(broken)?;
    let request = CollectionRequest {
        channel,
        namespace,
        collection,
        simulator,
    };
    let access = (transaction.hooks.collection)(request).map_err(Abort::State)?;
    if access != CollectionAccess::Unknown {
        collections.insert(collection.to_owned(), access);
    }
    Ok(access)
}
