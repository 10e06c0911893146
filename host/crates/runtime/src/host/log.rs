//! `log`: lines for the peer's operator.

use wasmtime::component::LinkerInstance;

use crate::guest::{Guest, Panic};
use crate::log::{Level, cut};
use crate::world;

use super::meter::Call;

pub(super) fn link(linker: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    linker.func_wrap("write", |store, (level, message): (u32, String)| {
        let mut call = Call::enter(store)?;
        call.pay_bytes(message.len())?;
        let Guest {
            namespace,
            transaction,
            ..
        } = call.guest();
        if let Some(transaction) = transaction {
            transaction.log.write(namespace, Level::of(level), &message);
        }
        Ok(())
    })?;
    linker.func_wrap(
        "panicked",
        |store, (message, file, line, column): (String, String, u32, u32)| {
            let mut call = Call::enter(store)?;
            call.pay_bytes(message.len() + file.len())?;
            let panic = Panic {
                message: cut(&message, world::PANIC_MESSAGE_BYTES_MAX).to_owned(),
                file: cut(&file, world::PANIC_FILE_BYTES_MAX).to_owned(),
                line,
                column,
            };
            let Guest {
                namespace,
                transaction,
                panic: last,
                ..
            } = call.guest();
            if let Some(transaction) = transaction {
                transaction
                    .log
                    .write(namespace, Level::Error, &panic.to_string());
            }
            *last = Some(panic);
            Ok(())
        },
    )
}
