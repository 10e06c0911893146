//! The limits that change a transaction's result: constants of the WIT world's version.
//!
//! They are the same on every peer. Who passes one gets an error with [`Code::LimitExceeded`](crate::Code), or what
//! the world's text says.
//!
//! ```
//! use chaincode_sdk::limits::KEY_BYTES_MAX;
//!
//! let name = "n".repeat(20_000);
//! assert!(name.len() > KEY_BYTES_MAX);
//! ```

/// Fuel for one transaction: instructions and host calls, of this chaincode and of all that it invokes.
pub const FUEL_PER_CALL: u64 = 1_000_000_000;
/// Bytes of linear memory.
pub const MEMORY_BYTES_MAX: usize = 64 << 20;
/// Elements of all tables.
pub const TABLE_ELEMENTS_MAX: usize = 10_000;
/// Bytes of a key, a composite key, a collection's name or a bookmark.
pub const KEY_BYTES_MAX: usize = 16 << 10;
/// Bytes of a value, public or private.
pub const VALUE_BYTES_MAX: usize = 8 << 20;
/// Bytes of the keys and values of all writes of a transaction, overwritten ones too.
pub const WRITES_BYTES_MAX: usize = 64 << 20;
/// Bytes of an event's name.
pub const EVENT_NAME_BYTES_MAX: usize = 1 << 10;
/// Bytes of an event's payload.
pub const EVENT_PAYLOAD_BYTES_MAX: usize = 1 << 20;
/// Bytes of a response's message.
pub const RESPONSE_MESSAGE_BYTES_MAX: usize = 64 << 10;
/// Bytes of a response's payload.
pub const RESPONSE_PAYLOAD_BYTES_MAX: usize = 8 << 20;
/// Arguments, the function's name counted.
pub const ARGS_COUNT_MAX: usize = 1_024;
/// Bytes of all arguments together.
pub const ARGS_BYTES_MAX: usize = 16 << 20;
/// Log lines of a transaction; further ones are dropped.
pub const LOG_LINES_MAX: usize = 1_000;
/// Bytes of a log line; what is longer is cut.
pub const LOG_LINE_BYTES_MAX: usize = 4 << 10;
/// Walks that are open at one time.
pub const CURSORS_MAX: usize = 1_000;
/// Entries that the host gives at once.
pub const CURSOR_BATCH_MAX: usize = 1_000;
/// Bytes of keys and values that the host gives at once.
pub const CURSOR_BATCH_BYTES_MAX: usize = 1 << 20;
/// Entries of one page.
pub const PAGE_SIZE_MAX: usize = 10_000;
/// Keys of one [`get_many`](crate::Context::get_states).
pub const KEYS_PER_GET_MAX: usize = 1_000;
/// Chaincodes on the stack of one transaction, the first one counted.
pub const CALL_DEPTH_MAX: usize = 16;

pub(crate) const STATUS_OK: i32 = 200;
pub(crate) const STATUS_ERROR: i32 = 500;
pub(crate) const STATUS_ENDORSED_BELOW: i32 = 400;

/// Answered when the contract has no function of the name that a client calls.
///
/// Peers give the caller the error code `chaincode.function` for it if the message begins as this crate's do: `Function
/// ` and further on ` not found in contract `, `Contract not found with name `, `Blank function name passed`, or `The
/// function's name is not UTF-8`. A contract may use the status for reasons of its own, with other messages.
pub const STATUS_NO_FUNCTION: i32 = 404;
/// Answered when a function does not take the arguments that a client passes.
///
/// Peers give the caller the error code `chaincode.arguments` for it if the message begins as this crate's do:
/// `Incorrect number of params. ` or `Error managing parameter `.
pub const STATUS_BAD_ARGUMENTS: i32 = 400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_are_those_of_the_world() {
        let world = include_str!("../wit/chaincode.wit");
        let here: &[(&str, usize)] = &[
            ("FUEL_PER_CALL", usize::try_from(FUEL_PER_CALL).unwrap()),
            ("MEMORY_BYTES_MAX", MEMORY_BYTES_MAX),
            ("TABLE_ELEMENTS_MAX", TABLE_ELEMENTS_MAX),
            ("KEY_BYTES_MAX", KEY_BYTES_MAX),
            ("VALUE_BYTES_MAX", VALUE_BYTES_MAX),
            ("WRITES_BYTES_MAX", WRITES_BYTES_MAX),
            ("EVENT_NAME_BYTES_MAX", EVENT_NAME_BYTES_MAX),
            ("EVENT_PAYLOAD_BYTES_MAX", EVENT_PAYLOAD_BYTES_MAX),
            ("RESPONSE_MESSAGE_BYTES_MAX", RESPONSE_MESSAGE_BYTES_MAX),
            ("RESPONSE_PAYLOAD_BYTES_MAX", RESPONSE_PAYLOAD_BYTES_MAX),
            ("ARGS_COUNT_MAX", ARGS_COUNT_MAX),
            ("ARGS_BYTES_MAX", ARGS_BYTES_MAX),
            ("LOG_LINES_MAX", LOG_LINES_MAX),
            ("LOG_LINE_BYTES_MAX", LOG_LINE_BYTES_MAX),
            ("CURSORS_MAX", CURSORS_MAX),
            ("CURSOR_BATCH_MAX", CURSOR_BATCH_MAX),
            ("CURSOR_BATCH_BYTES_MAX", CURSOR_BATCH_BYTES_MAX),
            ("PAGE_SIZE_MAX", PAGE_SIZE_MAX),
            ("KEYS_PER_GET_MAX", KEYS_PER_GET_MAX),
            ("CALL_DEPTH_MAX", CALL_DEPTH_MAX),
        ];
        let (limits, _) = world.split_once("# Prices").unwrap();
        assert_eq!(limits.matches("\n/// - `").count(), here.len());
        for (name, value) in here {
            let line = format!("/// - `{name}`: {value}");
            let rest = limits
                .split_once(&line)
                .unwrap_or_else(|| panic!("{line}"))
                .1;
            assert!(rest.starts_with([' ', '\n']), "{line}");
        }
    }
}
