//! Channels by their configuration: reading it, checking it, making the first one, and changing it.
//!
//! A [`Bundle`] is one configuration, checked and ready to answer: MSPs, policies, batch sizes, orderer endpoints, who
//! may call what. [`genesis`] makes a channel's first block from a [`ChannelDescription`]; [`update`] holds the rules by
//! which a configuration follows another, for orderers, for peers and for tools.
//!
//! What this crate does not know: where configurations are stored, which node it runs on, how blocks are agreed on or
//! signed, what time it is. Whoever receives a configuration block checks its signatures first.
//!
//! ```no_run
//! use std::sync::Arc;
//! # fn demo(genesis: model::Block, next: model::Block) -> Result<(), channel::Error> {
//! let memo = Arc::new(msp::SignatureMemo::new(10_000));
//! let bundle = Arc::new(channel::Bundle::from_block(&genesis, &memo)?);
//! assert!(bundle.policies().contains("/Channel/Application/Writers"));
//!
//! if channel::is_config_block(&next) {
//!     let config = channel::config_of_block(&next)?;
//!     let bundle = channel::update::check(&bundle, &config.content)?;
//!     println!("{} is now at sequence {}", bundle.channel_id(), bundle.sequence());
//! }
//! # Ok(())
//! # }
//! ```

mod access;
mod application;
mod bundle;
mod capabilities;
mod config_block;
mod denied;
mod duration;
mod elements;
mod error;
pub mod genesis;
mod group;
mod names;
mod orderer;
pub mod update;

pub use access::{Access, Acls, Resource};
pub use application::{AnchorPeer, ApplicationConfig, ApplicationOrg};
pub use bundle::{Bundle, Endpoint};
pub use capabilities::{ApplicationCapabilities, ChannelCapabilities, OrdererCapabilities};
pub use config_block::{
    ConfigTx, config_of_block, config_of_envelope, is_config_block, update_of_envelope,
};
pub use error::Error;
pub use genesis::ChannelDescription;
pub use orderer::{BatchConfig, ConsensusState, Consenter, OrdererConfig, OrdererOrg};
