//! The numbers of the WIT world `weft:chaincode@0.2.0`: limits, prices and error codes.
//!
//! Every peer must use the same numbers, or endorsements of one proposal differ. They belong to the version of the
//! world, not to a node's configuration; a test holds them equal to the tables in `chaincode-sdk/wit`.

/// The package that a contract is built against.
pub const PACKAGE: &str = "weft:chaincode";

/// The one version of [`PACKAGE`] that this host serves.
pub const VERSION: &str = "0.2.0";

/// The interfaces of the world that a contract may import.
pub(crate) const IMPORTS: [&str; 9] = [
    "types",
    "state",
    "private-data",
    "history",
    "query",
    "context",
    "event",
    "log",
    "call",
];

/// The interface that a contract must export.
pub(crate) const EXPORT: &str = "contract";

/// Gives the full name of an interface of the world, as components import it.
pub(crate) fn interface(name: &str) -> String {
    format!("{PACKAGE}/{name}@{VERSION}")
}

/// Fuel of one transaction: instructions and host calls of the chaincode and of all that it invokes.
pub const FUEL_PER_CALL: u64 = 1_000_000_000;
/// Bytes of linear memory that one instance may have.
pub const MEMORY_BYTES_MAX: usize = 67_108_864;
/// Elements of all tables that one instance may have.
pub const TABLE_ELEMENTS_MAX: usize = 10_000;
/// Bytes of a key, a composite key, a collection's name or a bookmark.
pub const KEY_BYTES_MAX: usize = 16_384;
/// Bytes of a value, public or private, or of a validation parameter.
pub const VALUE_BYTES_MAX: usize = 8_388_608;
/// Bytes of keys and values that one transaction may write, overwritten ones included.
pub const WRITES_BYTES_MAX: usize = 67_108_864;
/// Bytes of an event's name.
pub const EVENT_NAME_BYTES_MAX: usize = 1_024;
/// Bytes of an event's payload.
pub const EVENT_PAYLOAD_BYTES_MAX: usize = 1_048_576;
/// Bytes of a response's message.
pub const RESPONSE_MESSAGE_BYTES_MAX: usize = 65_536;
/// Bytes of a response's payload.
pub const RESPONSE_PAYLOAD_BYTES_MAX: usize = 8_388_608;
/// Arguments of one call, the function's name included.
pub const ARGS_COUNT_MAX: usize = 1_024;
/// Bytes of all arguments of one call.
pub const ARGS_BYTES_MAX: usize = 16_777_216;
/// Log lines that a transaction may write; further ones are dropped.
pub const LOG_LINES_MAX: usize = 1_000;
/// Bytes of one log line; what is longer is cut.
pub const LOG_LINE_BYTES_MAX: usize = 4_096;
/// Cursors open at one time, of all kinds together.
pub const CURSORS_MAX: usize = 1_000;
/// Entries that one `next` of a cursor gives.
pub const CURSOR_BATCH_MAX: u32 = 1_000;
/// Bytes of keys and values that one `next` of a cursor gives; one entry is always given.
pub const CURSOR_BATCH_BYTES_MAX: usize = 1_048_576;
/// Entries of one page.
pub const PAGE_SIZE_MAX: u32 = 10_000;
/// Keys of one `get-many`.
pub const KEYS_PER_GET_MAX: usize = 1_000;
/// Chaincodes on the stack of one transaction, the first one counted.
pub const CALL_DEPTH_MAX: usize = 16;

/// Fuel of each host call.
pub const PRICE_CALL: u64 = 1_000;
/// Fuel of each byte that goes in or comes out.
pub const PRICE_BYTE: u64 = 1;
/// Fuel of each string or list within a list that goes in: the host keeps a pointer and a length for it.
pub const PRICE_ELEMENT: u64 = 32;
/// Fuel of each key looked up and of each cursor or page opened.
pub const PRICE_READ: u64 = 10_000;
/// Fuel of each entry that a cursor or a page gives.
pub const PRICE_ENTRY: u64 = 2_000;
/// Fuel of each write.
pub const PRICE_WRITE: u64 = 2_000;
/// Fuel of each call of another chaincode, beside what that one uses.
pub const PRICE_INVOKE: u64 = 100_000;

/// The part of the caller's remaining fuel that a callee gets, as a fraction.
pub(crate) const CALLEE_FUEL: (u64, u64) = (63, 64);

/// Bytes that a message given to `log.panicked` is cut to.
pub(crate) const PANIC_MESSAGE_BYTES_MAX: usize = 1_024;
/// Bytes that a file name given to `log.panicked` is cut to.
pub(crate) const PANIC_FILE_BYTES_MAX: usize = 256;

/// How a contract says that a call fits none of its functions, as the SDK does it: a status of its own, and a message of
/// this form. The statuses alone say nothing, since contracts use them for reasons of their own.
pub mod refusal {
    /// There is no such function.
    pub const FUNCTION_STATUS: i32 = 404;
    /// The function does not take these arguments.
    pub const ARGUMENTS_STATUS: i32 = 400;

    /// Whether a message with [`FUNCTION_STATUS`] says that there is no such function.
    pub fn is_of_function(message: &str) -> bool {
        let named = message.starts_with("Function ") && message.contains(" not found in contract ");
        let others = [
            "Contract not found with name ",
            "Blank function name passed",
            "The function's name is not UTF-8",
        ];
        named || others.iter().any(|form| message.starts_with(form))
    }

    /// Whether a message with [`ARGUMENTS_STATUS`] says that the function does not take these arguments.
    pub fn is_of_arguments(message: &str) -> bool {
        let forms = ["Incorrect number of params. ", "Error managing parameter "];
        forms.iter().any(|form| message.starts_with(form))
    }
}

/// Error codes that host functions answer (`types.error.code`).
pub mod code {
    /// The host failed; the transaction is refused whatever the chaincode answers.
    pub const INTERNAL: u32 = 1;
    /// An argument breaks a rule of the function.
    pub const INVALID_ARGUMENT: u32 = 2;
    /// A limit of the world is passed.
    pub const LIMIT_EXCEEDED: u32 = 3;
    /// A policy says no.
    pub const ACCESS_DENIED: u32 = 4;
    /// The collection, chaincode or channel named does not exist.
    pub const NOT_FOUND: u32 = 5;
    /// A write and a query for read-only transactions met in one transaction.
    pub const READ_ONLY: u32 = 6;
    /// This peer lacks the private value that matches the hash on the ledger.
    pub const UNAVAILABLE: u32 = 7;
    /// The channel or its database does not offer this.
    pub const UNSUPPORTED: u32 = 8;
    /// Private data during `contract.init`.
    pub const NOT_ALLOWED_IN_INIT: u32 = 9;
    /// The called chaincode could not be run or trapped.
    pub const CALL_FAILED: u32 = 10;
}
