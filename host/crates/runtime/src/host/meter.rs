//! One host call: what it pays, what it works on, and how it fails.

use rwset::SimulateError;
use wasmtime::StoreContextMut;

use crate::guest::Guest;
use crate::trap::Abort;
use crate::world::{self, code};

use super::types::Error;

/// A host call in progress.
pub(crate) struct Call<'a>(StoreContextMut<'a, Guest>);

/// Why a host call gives nothing: the guest is told, or the guest ends.
pub(crate) enum Failure {
    Told(Error),
    Ends(wasmtime::Error),
}

/// What a host function with an error in its signature gives back to wasmtime.
pub(crate) type Answer<T> = wasmtime::Result<(Result<T, Error>,)>;

/// Runs a host function that can tell the guest of an error.
pub(crate) fn answer<T>(
    store: StoreContextMut<'_, Guest>,
    work: impl FnOnce(&mut Call<'_>) -> Result<T, Failure>,
) -> Answer<T> {
    let mut call = Call::enter(store)?;
    match work(&mut call) {
        Ok(value) => Ok((Ok(value),)),
        Err(Failure::Told(error)) => {
            call.pay_bytes(error.message.len())?;
            Ok((Err(error),))
        }
        Err(Failure::Ends(error)) => Err(error),
    }
}

impl<'a> Call<'a> {
    /// Begins a host call and pays for it.
    pub(crate) fn enter(store: StoreContextMut<'a, Guest>) -> wasmtime::Result<Self> {
        let mut call = Self(store);
        call.pay(world::PRICE_CALL)?;
        Ok(call)
    }

    /// Takes fuel; traps as an instruction would if there is not enough.
    pub(crate) fn pay(&mut self, fuel: u64) -> wasmtime::Result<()> {
        match self.fuel()?.checked_sub(fuel) {
            Some(left) => self.0.set_fuel(left),
            None => {
                self.0.set_fuel(0)?;
                Err(wasmtime::Trap::OutOfFuel.into())
            }
        }
    }

    /// Takes the fuel for bytes that go in or come out.
    pub(crate) fn pay_bytes(&mut self, bytes: usize) -> wasmtime::Result<()> {
        self.pay(world::PRICE_BYTE.saturating_mul(bytes as u64))
    }

    /// Takes the fuel for the bytes and the places of a list's elements.
    pub(crate) fn pay_list<T: AsRef<[u8]>>(&mut self, list: &[T]) -> wasmtime::Result<()> {
        self.pay(world::PRICE_ELEMENT.saturating_mul(list.len() as u64))?;
        self.pay_bytes(list.iter().map(|element| element.as_ref().len()).sum())
    }

    pub(crate) fn fuel(&self) -> wasmtime::Result<u64> {
        self.0.get_fuel()
    }

    pub(crate) fn set_fuel(&mut self, fuel: u64) -> wasmtime::Result<()> {
        self.0.set_fuel(fuel)
    }

    pub(crate) fn guest(&mut self) -> &mut Guest {
        self.0.data_mut()
    }

    pub(crate) fn engine(&self) -> wasmtime::Engine {
        self.0.engine().clone()
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Told(error)
    }
}

impl From<wasmtime::Error> for Failure {
    fn from(error: wasmtime::Error) -> Self {
        Self::Ends(error)
    }
}

impl From<Abort> for Failure {
    fn from(abort: Abort) -> Self {
        Self::Ends(abort.into())
    }
}

impl From<SimulateError> for Failure {
    fn from(error: SimulateError) -> Self {
        let code = match error {
            SimulateError::State(cause) => return Abort::State(cause).into(),
            SimulateError::NoCursor => {
                return Abort::Broken("the simulator does not know an open cursor").into();
            }
            SimulateError::ReadOnly { .. } => code::READ_ONLY,
            SimulateError::PrivateUnavailable { .. } => code::UNAVAILABLE,
            SimulateError::Limit { .. } => code::LIMIT_EXCEEDED,
        };
        Self::Told(Error::new(code, error.to_string()))
    }
}
