//! An organisation: its authority, a user, a peer.

use std::path::{Path, PathBuf};

use msp::Role;
use msp::ca::{Organization, Validity};

use super::NOW_S;

/// An organisation's people, by the folders of their MSPs.
pub(super) struct Org {
    pub(super) msp_id: String,
    pub(super) user: PathBuf,
    pub(super) peer: PathBuf,
    pub(super) msp: proto::msp::MspConfig,
    pub(super) authority: Organization,
}

/// Not secret, and never the same for two seeds.
pub(super) fn random(seed: u64) -> impl FnMut(&mut [u8]) {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move |bytes| {
        for byte in bytes {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *byte = state.to_le_bytes()[3];
        }
    }
}

impl Org {
    pub(super) fn make(folder: &Path, number: u64, msp_id: &str) -> Self {
        let mut random = random(number);
        let domain = format!("org{number}.test");
        let root = folder.join(&domain);
        let validity = Validity::years(NOW_S, 2);
        let authority = Organization::new(&domain, validity, &mut random).unwrap();
        authority.write(&root).unwrap();
        let mut member = |name: &str, role: Role| {
            let member = authority.write_member(&root, name, role, &[], validity, &mut random);
            member.unwrap().msp
        };
        Self {
            msp_id: msp_id.to_owned(),
            user: member("User1", Role::Client),
            peer: member("peer0", Role::Peer),
            msp: msp::folder::load_msp_config(&root.join("msp"), msp_id).unwrap(),
            authority,
        }
    }
}
