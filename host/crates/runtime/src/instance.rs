//! One fresh instance: made, called once, thrown away.

use std::time::Instant;

use bytes::Bytes;
use wasmtime::Store;
use wasmtime::component::{ComponentExportIndex, ComponentNamedList, Lift, Lower};

use crate::Contract;
use crate::guest::{Ended, Entry, Guest};
use crate::host::types::{Error, Response};
use crate::ticker::Ticker;
use crate::trap::{Abort, Trap, TrapCode};
use crate::world;

/// Bytes that the host takes over from a guest in one call: the longest arguments and room for their list.
const HOSTCALL_BYTES_MAX: usize = world::ARGS_BYTES_MAX + 4 * 1024 * 1024;
/// Handles that a guest may hold: its cursors, and some for WASI's streams.
const HANDLES_MAX: usize = world::CURSORS_MAX + 256;
/// Statuses that a response may have.
const STATUSES: std::ops::RangeInclusive<i32> = 200..=599;

/// How a call went.
pub(crate) struct Done<T> {
    pub(crate) result: Result<T, Trap>,
    /// What remains of the fuel; nothing after a trap, since the engine's counter is not exact then.
    pub(crate) fuel_left: u64,
    /// What the instance leaves; an error only if the host lost it.
    pub(crate) ended: Result<Ended, Abort>,
}

/// Calls `init` or `invoke` of a contract, whichever the guest's entry says.
pub(crate) fn run(
    engine: &wasmtime::Engine,
    contract: &Contract,
    guest: Guest,
    fuel: u64,
    args: &[Bytes],
) -> Done<Response> {
    let function = match guest.entry {
        Entry::Init => &contract.exports().init,
        Entry::Invoke => &contract.exports().invoke,
    };
    let done = call::<_, (Response,)>(engine, contract, guest, fuel, function, (args,));
    let result = done.result.and_then(|(response,)| checked(response));
    let fuel_left = if result.is_ok() { done.fuel_left } else { 0 };
    Done {
        result,
        fuel_left,
        ended: done.ended,
    }
}

/// Calls `metadata` of a contract.
pub(crate) fn metadata(
    engine: &wasmtime::Engine,
    contract: &Contract,
    guest: Guest,
    fuel: u64,
) -> Done<String> {
    let function = &contract.exports().metadata;
    let done = call::<_, (String,)>(engine, contract, guest, fuel, function, ());
    let result = done.result.map(|(metadata,)| metadata);
    Done {
        result,
        fuel_left: done.fuel_left,
        ended: done.ended,
    }
}

/// Checks the arguments of a call before an instance is made.
///
/// # Errors
/// The world's error for a limit that is passed.
pub(crate) fn check_args<T: AsRef<[u8]>>(args: &[T]) -> Result<(), Error> {
    if args.len() > world::ARGS_COUNT_MAX {
        return Err(Error::limit("arguments", args.len(), world::ARGS_COUNT_MAX));
    }
    let bytes = args.iter().map(|arg| arg.as_ref().len()).sum();
    if bytes > world::ARGS_BYTES_MAX {
        return Err(Error::limit(
            "bytes of arguments",
            bytes,
            world::ARGS_BYTES_MAX,
        ));
    }
    Ok(())
}

fn call<Params, Return>(
    engine: &wasmtime::Engine,
    contract: &Contract,
    guest: Guest,
    fuel: u64,
    function: &ComponentExportIndex,
    params: Params,
) -> Done<Return>
where
    Params: ComponentNamedList + Lower,
    Return: ComponentNamedList + Lift + 'static,
{
    let mut store = Store::new(engine, guest);
    let result = prepare(&mut store, fuel)
        .and_then(|()| enter::<Params, Return>(&mut store, contract, function, params));
    let fuel_left = match &result {
        Ok(_) => store.get_fuel().unwrap_or(0),
        Err(_) => 0,
    };
    let ended = store.into_data().end();
    let result = match &ended {
        Ok(ended) => result.map_err(|trap| in_the_guests_words(trap, ended)),
        Err(_) => result,
    };
    Done {
        result,
        fuel_left,
        ended,
    }
}

fn prepare(store: &mut Store<Guest>, fuel: u64) -> Result<(), Trap> {
    let deadline = store
        .data_mut()
        .transaction()
        .map(|transaction| transaction.deadline);
    let deadline = deadline.map_err(|abort| Trap::of_call(abort.into()))?;
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(Trap::new(TrapCode::Deadline));
    }
    store.set_fuel(fuel).map_err(Trap::of_instantiation)?;
    store.set_epoch_deadline(Ticker::ticks(left));
    store.set_hostcall_fuel(HOSTCALL_BYTES_MAX);
    store.set_max_component_handles(HANDLES_MAX);
    store.limiter(|guest| &mut guest.limiter);
    Ok(())
}

fn enter<Params, Return>(
    store: &mut Store<Guest>,
    contract: &Contract,
    function: &ComponentExportIndex,
    params: Params,
) -> Result<Return, Trap>
where
    Params: ComponentNamedList + Lower,
    Return: ComponentNamedList + Lift + 'static,
{
    let instance = contract
        .instance()
        .instantiate(&mut *store)
        .map_err(Trap::of_instantiation)?;
    let function = instance
        .get_typed_func::<Params, Return>(&mut *store, function)
        .map_err(Trap::of_instantiation)?;
    function.call(store, params).map_err(Trap::of_call)
}

/// Puts what the guest's panic handler said in the place of the trap's kind.
fn in_the_guests_words(trap: Trap, ended: &Ended) -> Trap {
    match (&ended.panic, trap.code) {
        (Some(panic), TrapCode::Unreachable | TrapCode::Exited) => Trap {
            message: panic.to_string(),
            ..trap
        },
        _ => trap,
    }
}

fn checked(response: Response) -> Result<Response, Trap> {
    let bad = |what: String| Err(Trap::with_message(TrapCode::BadResponse, what));
    let Response {
        status,
        message,
        payload,
    } = &response;
    if !STATUSES.contains(status) {
        return bad(format!(
            "the chaincode's response has the status {status}, not 200 to 599"
        ));
    }
    let limits = [
        ("message", message.len(), world::RESPONSE_MESSAGE_BYTES_MAX),
        ("payload", payload.len(), world::RESPONSE_PAYLOAD_BYTES_MAX),
    ];
    for (what, got, max) in limits {
        if got > max {
            return bad(format!(
                "the {what} of the chaincode's response has {got} bytes, at most {max} are allowed"
            ));
        }
    }
    Ok(response)
}
