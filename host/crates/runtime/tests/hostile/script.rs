//! Host calls in a row as a contract: each prints what it gave, one line each.

use crate::fixture::{Source, identifier};

/// Where constants begin; the prelude leaves room up to 16384.
const CONSTANTS: usize = 1024;

/// An argument of a host call.
#[derive(Clone, Copy)]
pub(crate) enum Arg<'a> {
    Text(&'a str),
    Bytes(&'a [u8]),
    List(&'a [&'a str]),
    Number(i64),
    /// The cursor opened last.
    Cursor,
}

/// How to print what a host call gave.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Show {
    Unit,
    Value,
    Values,
    Cursor,
    Entries,
    Page,
    Changes,
    Response,
    /// A string or list of bytes that cannot fail.
    Plain,
    Nothing,
}

/// A contract in the making.
#[derive(Default)]
pub(crate) struct Script {
    constants: Vec<u8>,
    code: String,
}

impl Script {
    pub(crate) fn call(
        mut self,
        interface: &str,
        name: &str,
        args: &[Arg<'_>],
        show: Show,
    ) -> Self {
        let mut params = String::new();
        for arg in args {
            params.push_str(&self.param(*arg));
        }
        if show != Show::Nothing {
            params.push_str("(i32.const 256)");
        }
        let function = identifier(interface, name);
        let print = match show {
            Show::Unit => "(call $show_unit)",
            Show::Value => "(call $show_value)",
            Show::Values => "(call $show_values)",
            Show::Cursor => "(local.set $h (call $show_handle))",
            Show::Entries => "(call $show_entries)",
            Show::Page => "(call $show_page)",
            Show::Changes => "(call $show_changes)",
            Show::Response => "(call $show_response)",
            Show::Plain => "(call $show_string)",
            Show::Nothing => "",
        };
        self.code
            .push_str(&format!("(call {function} {params}) {print}\n"));
        self
    }

    /// Adds instructions as they are.
    pub(crate) fn code(mut self, code: &str) -> Self {
        self.code.push_str(code);
        self
    }

    pub(crate) fn source(&self) -> Source {
        Source {
            items: self.items(),
            invoke: self.code.clone(),
            ..Source::default()
        }
    }

    pub(crate) fn init(&self) -> Source {
        Source {
            items: self.items(),
            init: self.code.clone(),
            ..Source::default()
        }
    }

    fn items(&self) -> String {
        let data: String = self
            .constants
            .iter()
            .map(|byte| format!("\\{byte:02x}"))
            .collect();
        format!("(data (i32.const {CONSTANTS}) \"{data}\")")
    }

    fn param(&mut self, arg: Arg<'_>) -> String {
        match arg {
            Arg::Text(text) => self.pointer(text.as_bytes()),
            Arg::Bytes(bytes) => self.pointer(bytes),
            Arg::Number(number) => format!("(i32.const {number}) "),
            Arg::Cursor => "(local.get $h) ".to_owned(),
            Arg::List(texts) => {
                let places: Vec<_> = texts
                    .iter()
                    .map(|text| self.place(text.as_bytes()))
                    .collect();
                let mut list = Vec::new();
                for (at, len) in places {
                    list.extend(u32::try_from(at).expect("small").to_le_bytes());
                    list.extend(u32::try_from(len).expect("small").to_le_bytes());
                }
                let (at, _) = self.place(&list);
                format!("(i32.const {at}) (i32.const {}) ", texts.len())
            }
        }
    }

    fn pointer(&mut self, bytes: &[u8]) -> String {
        let (at, len) = self.place(bytes);
        format!("(i32.const {at}) (i32.const {len}) ")
    }

    fn place(&mut self, bytes: &[u8]) -> (usize, usize) {
        self.constants
            .resize(self.constants.len().next_multiple_of(8), 0);
        let at = CONSTANTS + self.constants.len();
        self.constants.extend_from_slice(bytes);
        assert!(
            CONSTANTS + self.constants.len() <= 16_384,
            "too many constants"
        );
        (at, bytes.len())
    }
}
