//! The recorded Fabric channel as the oracle of configurations: its genesis block, its identities, its keys.
//!
//! The vectors lie in a folder of their own beside the project, or where `WEFT_SHARED` says. Without it these tests say
//! loudly that they are skipped; with `CI=true` that is a failure.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test: a panic is its way to fail"
)]

use std::{fs, path::Path, sync::Arc};

use bytes::Bytes;
use channel::Bundle;
use model::Block;
use msp::{SignatureMemo, SigningIdentity};
use recordings::channel as recorded;

mod consensus;
mod evaluation;
mod genesis;
mod unusable;
mod updates;

fn read_block(path: &Path) -> Block {
    Block::decode(fs::read(path).unwrap()).unwrap()
}

fn memo() -> Arc<SignatureMemo> {
    Arc::new(SignatureMemo::new(1_000))
}

/// The bundle of the recorded genesis block.
fn bundle(folder: &Path) -> Bundle {
    Bundle::from_block(&read_block(&folder.join("genesis.block")), &memo()).unwrap()
}

/// The signing identity in one of the recorded `users` or `peers` folders.
fn signer(folder: &Path, who: &str, msp_id: &str) -> SigningIdentity {
    SigningIdentity::from_folder(&folder.join("crypto").join(who).join("msp"), msp_id).unwrap()
}

const ORG1_ADMIN: &str = "peerOrganizations/org1.test/users/Admin@org1.test";
const ORG2_ADMIN: &str = "peerOrganizations/org2.test/users/Admin@org2.test";
const ORDERER_ADMIN: &str = "ordererOrganizations/ord.test/users/Admin@ord.test";

fn pem(folder: &Path, file: &str) -> Bytes {
    fs::read(folder.join(file)).unwrap().into()
}
