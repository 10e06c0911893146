//! The guest's side: the ledger behind the host's imports, and the calls that come in.

use std::panic::PanicHookInfo;
use std::rc::Rc;

use crate::bindings::exports::weft::chaincode::contract::Response as WitResponse;
use crate::bindings::weft::chaincode::{
    call, context, event, history, log, private_data, query, state, types,
};
use crate::cursor::{Cursor, Entry, Modification, Page};
use crate::dispatch::{self, Contract};
use crate::ledger::{Identity, Ledger, Level, Range, Space};
use crate::{Code, Context, Error, Response, Result, Timestamp};

/// Answers the export `invoke`.
#[must_use]
pub fn call_invoke<C: Contract>(args: &[Vec<u8>]) -> WitResponse {
    std::panic::set_hook(Box::new(report_panic));
    dispatch::invoke::<C>(&mut Context::new(Rc::new(Host)), args).into()
}

/// Answers the export `init`.
#[must_use]
pub fn call_init<C: Contract>(args: &[Vec<u8>]) -> WitResponse {
    std::panic::set_hook(Box::new(report_panic));
    dispatch::invoke_init::<C>(&mut Context::new(Rc::new(Host)), args).into()
}

/// Tells the host why the trap that follows comes.
fn report_panic(info: &PanicHookInfo<'_>) {
    let message = info.payload_as_str().unwrap_or("(no text)");
    let (file, line, column) = info
        .location()
        .map_or(("", 0, 0), |at| (at.file(), at.line(), at.column()));
    log::panicked(message, file, line, column);
}

impl From<Response> for WitResponse {
    fn from(response: Response) -> Self {
        Self {
            status: response.status,
            message: response.message,
            payload: response.payload,
        }
    }
}

/// The ledger that the host offers to this call.
struct Host;

impl From<types::Error> for Error {
    fn from(error: types::Error) -> Self {
        Self::of_host(Code::from_number(error.code), error.message)
    }
}

fn entry(entry: state::Entry) -> Entry {
    Entry {
        key: entry.key,
        value: entry.value,
    }
}

fn page(page: state::Page) -> Page {
    Page {
        entries: page.entries.into_iter().map(entry).collect(),
        bookmark: page.bookmark,
    }
}

fn timestamp(moment: types::Timestamp) -> Timestamp {
    Timestamp {
        seconds: moment.seconds,
        nanos: moment.nanos,
    }
}

fn owned(parts: &[&str]) -> Vec<String> {
    parts.iter().map(|&part| part.to_owned()).collect()
}

fn unsupported() -> Error {
    Error::of_host(
        Code::Unsupported,
        "the world offers this only for pages of the public state",
    )
}

impl Cursor<Entry> for state::Cursor {
    fn next(&mut self, max: u32) -> Result<Vec<Entry>> {
        Ok(state::Cursor::next(self, max)?
            .into_iter()
            .map(entry)
            .collect())
    }
}

impl Cursor<Modification> for history::Cursor {
    fn next(&mut self, max: u32) -> Result<Vec<Modification>> {
        let modification = |change: history::Modification| Modification {
            tx_id: change.tx_id,
            value: change.value,
            timestamp: timestamp(change.at),
        };
        Ok(history::Cursor::next(self, max)?
            .into_iter()
            .map(modification)
            .collect())
    }
}

impl Ledger for Host {
    fn get(&self, space: Space<'_>, key: &str) -> Result<Option<Vec<u8>>> {
        Ok(match space {
            Space::Public => state::get(key),
            Space::Collection(name) => private_data::get(name, key),
        }?)
    }

    fn get_many(&self, space: Space<'_>, keys: &[&str]) -> Result<Vec<Option<Vec<u8>>>> {
        let keys = owned(keys);
        Ok(match space {
            Space::Public => state::get_many(&keys),
            Space::Collection(name) => private_data::get_many(name, &keys),
        }?)
    }

    fn put(&self, space: Space<'_>, key: &str, value: &[u8]) -> Result<()> {
        Ok(match space {
            Space::Public => state::put(key, value),
            Space::Collection(name) => private_data::put(name, key, value),
        }?)
    }

    fn delete(&self, space: Space<'_>, key: &str) -> Result<()> {
        Ok(match space {
            Space::Public => state::del(key),
            Space::Collection(name) => private_data::del(name, key),
        }?)
    }

    fn range(&self, space: Space<'_>, range: Range<'_>) -> Result<Box<dyn Cursor<Entry>>> {
        let cursor = match (space, range) {
            (Space::Public, Range::Keys { start, end }) => state::range(start, end),
            (
                Space::Public,
                Range::Composite {
                    object_type,
                    attributes,
                },
            ) => state::partial_composite(object_type, &owned(attributes)),
            (Space::Collection(name), Range::Keys { start, end }) => {
                private_data::range(name, start, end)
            }
            (
                Space::Collection(name),
                Range::Composite {
                    object_type,
                    attributes,
                },
            ) => private_data::partial_composite(name, object_type, &owned(attributes)),
            (_, Range::AllComposite) => return Err(unsupported()),
        };
        Ok(Box::new(cursor?))
    }

    fn page(&self, range: Range<'_>, size: u32, bookmark: &str) -> Result<Page> {
        let found = match range {
            Range::Keys { start, end } => state::range_page(start, end, size, bookmark),
            Range::Composite {
                object_type,
                attributes,
            } => state::partial_composite_page(object_type, &owned(attributes), size, bookmark),
            Range::AllComposite => state::composite_page(size, bookmark),
        };
        Ok(page(found?))
    }

    fn validation_parameter(&self, space: Space<'_>, key: &str) -> Result<Option<Vec<u8>>> {
        Ok(match space {
            Space::Public => state::get_validation_parameter(key),
            Space::Collection(name) => private_data::get_validation_parameter(name, key),
        }?)
    }

    fn set_validation_parameter(&self, space: Space<'_>, key: &str, policy: &[u8]) -> Result<()> {
        Ok(match space {
            Space::Public => state::set_validation_parameter(key, policy),
            Space::Collection(name) => private_data::set_validation_parameter(name, key, policy),
        }?)
    }

    fn private_hash(&self, collection: &str, key: &str) -> Result<Option<Vec<u8>>> {
        Ok(private_data::get_hash(collection, key)?)
    }

    fn purge(&self, collection: &str, key: &str) -> Result<()> {
        Ok(private_data::purge(collection, key)?)
    }

    fn history(&self, key: &str) -> Result<Box<dyn Cursor<Modification>>> {
        Ok(Box::new(history::of_key(key)?))
    }

    fn query(&self, space: Space<'_>, text: &str) -> Result<Box<dyn Cursor<Entry>>> {
        let cursor = match space {
            Space::Public => query::run(text),
            Space::Collection(name) => query::run_private(name, text),
        };
        Ok(Box::new(cursor?))
    }

    fn query_page(&self, text: &str, size: u32, bookmark: &str) -> Result<Page> {
        Ok(page(query::run_page(text, size, bookmark)?))
    }

    fn tx_id(&self) -> String {
        context::tx_id()
    }

    fn channel_id(&self) -> String {
        context::channel_id()
    }

    fn creator(&self) -> Identity {
        let creator = context::creator();
        Identity {
            msp_id: creator.msp_id,
            certificate: creator.certificate,
        }
    }

    fn timestamp(&self) -> Timestamp {
        timestamp(context::tx_timestamp())
    }

    fn transient(&self) -> Vec<(String, Vec<u8>)> {
        context::transient()
    }

    fn binding(&self) -> Vec<u8> {
        context::binding()
    }

    fn decorations(&self) -> Vec<(String, Vec<u8>)> {
        context::decorations()
    }

    fn signed_proposal(&self) -> Vec<u8> {
        context::signed_proposal()
    }

    fn set_event(&self, name: &str, payload: &[u8]) -> Result<()> {
        Ok(event::set(name, payload)?)
    }

    fn log(&self, level: Level, message: &str) {
        log::write(level as u32, message);
    }

    fn invoke_chaincode(
        &self,
        chaincode: &str,
        args: &[Vec<u8>],
        channel: &str,
    ) -> Result<Response> {
        let response = call::invoke_chaincode(chaincode, args, channel)?;
        Ok(Response {
            status: response.status,
            message: response.message,
            payload: response.payload,
        })
    }
}
