//! All SQL texts of this crate but those in `migrations/`, so that another database's flavour has one place to go.

pub(crate) mod compare;
pub(crate) mod node;
pub(crate) mod orderer;
pub(crate) mod peer;
mod rows;

pub(crate) use rows::{Rows, Values, signed, unsigned};
