//! The rules of read-write sets, shown through the crate's public interface.

mod generated;
mod notation;
mod recorded;
mod replay;
mod resimulate;
mod simulation;
mod validation;
