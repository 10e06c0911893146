//! `query`: rich queries, which no host of this version of the world offers.

use wasmtime::component::{LinkerInstance, Resource};

use crate::guest::Guest;
use crate::world::code;

use super::meter::{Call, Failure, answer};
use super::types::{Error, Page, StateCursor};

pub(super) fn link(linker: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    linker.func_wrap("run", |store, (text,): (String,)| {
        answer(store, |call| {
            unsupported::<Resource<StateCursor>>(call, text.len())
        })
    })?;
    linker.func_wrap(
        "run-page",
        |store, (text, _size, bookmark): (String, u32, String)| {
            answer(store, |call| {
                unsupported::<Page>(call, text.len() + bookmark.len())
            })
        },
    )?;
    linker.func_wrap(
        "run-private",
        |store, (collection, text): (String, String)| {
            answer(store, |call| {
                unsupported::<Resource<StateCursor>>(call, collection.len() + text.len())
            })
        },
    )
}

fn unsupported<T>(call: &mut Call<'_>, bytes: usize) -> Result<T, Failure> {
    call.pay_bytes(bytes)?;
    call.guest().simulator()?;
    // Fabric's text of a peer whose state database is LevelDB.
    Err(Error::new(code::UNSUPPORTED, "ExecuteQuery not supported for leveldb").into())
}
