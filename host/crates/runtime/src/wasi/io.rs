//! `wasi:io`: input is at its end, output becomes log lines, everything is ready.

use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, LinkerInstance, Lower, Resource};

use crate::guest::Guest;
use crate::host::meter::Call;
use crate::log::Level;
use crate::trap::{Abort, Trap, TrapCode};
use crate::world;

use super::handle;

/// Marks handles of `wasi:io/error.error`; there is never one.
pub(super) enum IoError {}
/// Marks handles of `wasi:io/poll.pollable`.
pub(super) enum Pollable {}
/// Marks handles of `wasi:io/streams.input-stream`.
pub(super) enum InputStream {}
/// Marks handles of `wasi:io/streams.output-stream`.
pub(super) enum OutputStream {}

/// What names the standard output among the output streams.
pub(super) const STDOUT: u32 = 1;
/// What names the standard error output.
pub(super) const STDERR: u32 = 2;
/// Bytes that a stream says it takes at once.
const WRITE_BYTES_MAX: u64 = 4096;
/// Fuel for each handle in a list.
const PRICE_HANDLE: u64 = 100;

/// `streams.stream-error`.
#[derive(Debug, ComponentType, Lower)]
#[component(variant)]
enum StreamError {
    #[component(name = "last-operation-failed")]
    #[expect(dead_code, reason = "the type has the case, and nothing here fails")]
    LastOperationFailed(Resource<IoError>),
    #[component(name = "closed")]
    Closed,
}

/// What was printed and is no whole line yet.
#[derive(Debug, Default)]
pub(super) struct Output {
    standard: Vec<u8>,
    error: Vec<u8>,
}

impl Output {
    /// Takes printed bytes and gives whole lines.
    fn print(&mut self, stream: u32, bytes: &[u8], mut write: impl FnMut(Level, &str)) {
        let (level, line) = match stream {
            STDERR => (Level::Warning, &mut self.error),
            _ => (Level::Info, &mut self.standard),
        };
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let whole = part.strip_suffix(b"\n");
            line.extend_from_slice(whole.unwrap_or(part));
            if whole.is_some() || line.len() >= world::LOG_LINE_BYTES_MAX {
                write(level, &String::from_utf8_lossy(line));
                line.clear();
            }
        }
    }

    /// Gives what remains.
    pub(super) fn flush(&mut self, mut write: impl FnMut(Level, &str)) {
        for (level, line) in [
            (Level::Info, &mut self.standard),
            (Level::Warning, &mut self.error),
        ] {
            if !line.is_empty() {
                write(level, &String::from_utf8_lossy(line));
                line.clear();
            }
        }
    }
}

/// Defines a function of the package; says whether it knows the name.
pub(super) fn define(linker: &mut LinkerInstance<'_, Guest>, name: &str) -> wasmtime::Result<bool> {
    Ok(define_poll(linker, name)? || define_input(linker, name)? || define_output(linker, name)?)
}

fn define_poll(linker: &mut LinkerInstance<'_, Guest>, name: &str) -> wasmtime::Result<bool> {
    match name {
        "[method]pollable.ready" => {
            linker.func_wrap(name, |store, (_pollable,): (Resource<Pollable>,)| {
                Call::enter(store)?;
                Ok((true,))
            })?;
        }
        "[method]pollable.block" => {
            linker.func_wrap(name, |store, (_pollable,): (Resource<Pollable>,)| {
                Call::enter(store)?;
                Ok(())
            })?;
        }
        "poll" => linker.func_wrap(name, |store, (pollables,): (Vec<Resource<Pollable>>,)| {
            let mut call = Call::enter(store)?;
            call.pay(PRICE_HANDLE.saturating_mul(pollables.len() as u64))?;
            if pollables.is_empty() {
                // WASI says so: there is nothing that could become ready.
                return Err(Abort::Trap(Trap::new(TrapCode::CanonicalAbi)).into());
            }
            let all: Vec<u32> = (0_u32..).take(pollables.len()).collect();
            Ok((all,))
        })?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn define_input(linker: &mut LinkerInstance<'_, Guest>, name: &str) -> wasmtime::Result<bool> {
    match name {
        "[method]input-stream.read" | "[method]input-stream.blocking-read" => {
            linker.func_wrap(
                name,
                |store, (_stream, _len): (Resource<InputStream>, u64)| {
                    Call::enter(store)?;
                    Ok((Err::<Vec<u8>, _>(StreamError::Closed),))
                },
            )?;
        }
        "[method]input-stream.skip" | "[method]input-stream.blocking-skip" => {
            linker.func_wrap(
                name,
                |store, (_stream, _len): (Resource<InputStream>, u64)| {
                    Call::enter(store)?;
                    Ok((Err::<u64, _>(StreamError::Closed),))
                },
            )?;
        }
        "[method]input-stream.subscribe" => {
            linker.func_wrap(name, |store, (_stream,): (Resource<InputStream>,)| {
                Call::enter(store)?;
                Ok((handle::<Pollable>(),))
            })?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn define_output(linker: &mut LinkerInstance<'_, Guest>, name: &str) -> wasmtime::Result<bool> {
    match name {
        "[method]output-stream.check-write" => {
            linker.func_wrap(name, |store, (_stream,): (Resource<OutputStream>,)| {
                Call::enter(store)?;
                Ok((Ok::<_, StreamError>(WRITE_BYTES_MAX),))
            })?;
        }
        "[method]output-stream.write" | "[method]output-stream.blocking-write-and-flush" => {
            linker.func_wrap(
                name,
                |store, (stream, bytes): (Resource<OutputStream>, Vec<u8>)| {
                    print(store, stream.rep(), &bytes)
                },
            )?;
        }
        "[method]output-stream.flush" | "[method]output-stream.blocking-flush" => {
            linker.func_wrap(name, |store, (_stream,): (Resource<OutputStream>,)| {
                Call::enter(store)?;
                Ok((Ok::<_, StreamError>(()),))
            })?;
        }
        "[method]output-stream.write-zeroes"
        | "[method]output-stream.blocking-write-zeroes-and-flush" => {
            linker.func_wrap(
                name,
                |store, (_stream, _len): (Resource<OutputStream>, u64)| {
                    Call::enter(store)?;
                    Ok((Ok::<_, StreamError>(()),))
                },
            )?;
        }
        "[method]output-stream.splice" | "[method]output-stream.blocking-splice" => {
            type Splice = (Resource<OutputStream>, Resource<InputStream>, u64);
            linker.func_wrap(name, |store, (_stream, _from, _len): Splice| {
                Call::enter(store)?;
                Ok((Err::<u64, _>(StreamError::Closed),))
            })?;
        }
        "[method]output-stream.subscribe" => {
            linker.func_wrap(name, |store, (_stream,): (Resource<OutputStream>,)| {
                Call::enter(store)?;
                Ok((handle::<Pollable>(),))
            })?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn print(
    store: StoreContextMut<'_, Guest>,
    stream: u32,
    bytes: &[u8],
) -> wasmtime::Result<(Result<(), StreamError>,)> {
    let mut call = Call::enter(store)?;
    call.pay_bytes(bytes.len())?;
    let Guest {
        wasi,
        transaction,
        namespace,
        ..
    } = call.guest();
    if let Some(transaction) = transaction {
        let log = &mut transaction.log;
        wasi.output.print(stream, bytes, |level, line| {
            log.write(namespace, level, line)
        });
    }
    Ok((Ok(()),))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_bytes_become_lines() {
        let mut output = Output::default();
        let mut lines = Vec::new();
        let mut write = |level, line: &str| lines.push((level, line.to_owned()));
        output.print(STDOUT, b"a\nb", &mut write);
        output.print(STDERR, b"e", &mut write);
        output.print(STDOUT, b"c\n", &mut write);
        output.flush(&mut write);
        let expected = [
            (Level::Info, "a"),
            (Level::Info, "bc"),
            (Level::Warning, "e"),
        ];
        assert_eq!(
            lines,
            expected.map(|(level, line)| (level, line.to_owned()))
        );
    }

    #[test]
    fn a_line_without_end_does_not_grow() {
        let mut output = Output::default();
        for _ in 0..100 {
            output.print(STDOUT, &[b'x'; 1_000], |_, _| {});
        }
        assert!(output.standard.len() <= world::LOG_LINE_BYTES_MAX);
    }
}
