//! A whole orderer in this process: real identities and signatures, real files, a Raft group of one.

mod broadcast;
mod config_update;
mod deliver;
mod restart;
mod world;
