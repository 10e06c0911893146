//! Who somebody is on a channel, and which signatures are enough.
//!
//! An *identity* is an X.509 certificate together with the name of the organisation's membership service provider (MSP)
//! that it claims to belong to. An [`Msp`] holds what an organisation published in the channel configuration (root and
//! intermediate certificates, revocation lists, roles told apart by organisational units) and decides by Fabric's rules
//! whether a certificate is one of its own and what it may be called. [`MspManager`] is all of a channel's MSPs; the
//! [`policy`] module says which sets of identities satisfy which policy. [`folder`] reads Fabric's MSP folders and [`ca`]
//! makes certificates that Fabric's MSPs accept.
//!
//! What this crate does not know: blocks, transactions, channels, ledgers, TLS sessions, what time it is. A certificate
//! that ran out stays a valid member, as in Fabric, because validation must give the same answer on every peer for ever;
//! whoever lets messages in compares [`Identity::expires_at`] with a clock. Only [`folder`] and [`ca`] touch the disk, and
//! only below the paths they are given.
//!
//! ```no_run
//! use std::sync::Arc;
//! # fn demo(config: proto::msp::MspConfig, creator: bytes::Bytes, signed: &[u8], signature: &[u8]) -> Result<(), msp::Error> {
//! let memo = Arc::new(msp::SignatureMemo::new(10_000));
//! let org1 = msp::Msp::new(&config, msp::MspVersion::V3_0)?;
//! let msps = msp::MspManager::new(vec![org1], memo)?;
//!
//! let identity = msps.identity(&creator)?;
//! identity.verify(signed, signature)?;
//! msps.validate(&identity)?;
//! # Ok(())
//! # }
//! ```

pub mod ca;
mod certificate;
mod chain;
mod crl;
mod error;
pub mod folder;
mod identity;
mod key;
mod key_tables;
mod low_s;
mod memo;
mod msps;
mod organization;
mod ou;
mod p256_table;
mod pem;
pub mod policy;
mod principal;
mod signature;
mod signer;

pub use certificate::Certificate;
pub use error::Error;
pub use identity::Identity;
pub use low_s::low_s;
pub use memo::{SignatureMemo, SignaturesChecked};
pub use msps::MspManager;
pub use organization::{Msp, MspVersion};
pub use ou::OrganizationalUnit;
pub use principal::{Principal, Role};
pub use signer::{Signer, SigningIdentity};
