//! The rules of read-write sets, shown through the crate's public interface.

#[cfg(test)]
mod batches;
#[cfg(test)]
mod garbage;
#[cfg(test)]
mod generated;
#[cfg(test)]
mod notation;
#[cfg(test)]
mod private;
#[cfg(test)]
mod recorded;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod resimulate;
#[cfg(test)]
mod show;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod validation;
#[cfg(test)]
mod walks;
#[cfg(test)]
mod writes;
