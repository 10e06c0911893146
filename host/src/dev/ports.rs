//! Where the nodes listen.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use serde::{Deserialize, Serialize};

use super::DevError;

/// Which ports a new network gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ports {
    /// 7050, 7051 and 9051, as in Fabric's samples.
    Fixed,
    /// Some that are free when the network is made; they stay.
    Free,
}

/// The addresses of the nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Addresses {
    pub(crate) orderer: SocketAddr,
    pub(crate) peer0_org1: SocketAddr,
    pub(crate) peer0_org2: SocketAddr,
}

impl Ports {
    /// The ports themselves, on loopback.
    pub(super) fn choose(self) -> Result<Addresses, DevError> {
        match self {
            Self::Fixed => Ok(Addresses {
                orderer: loopback(7050),
                peer0_org1: loopback(7051),
                peer0_org2: loopback(9051),
            }),
            Self::Free => free().map_err(DevError::Ports),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Free => "free",
        }
    }
}

fn loopback(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// All three are held until the last is found, so that they differ.
fn free() -> std::io::Result<Addresses> {
    let listen = || TcpListener::bind(loopback(0));
    let (orderer, org1, org2) = (listen()?, listen()?, listen()?);
    Ok(Addresses {
        orderer: orderer.local_addr()?,
        peer0_org1: org1.local_addr()?,
        peer0_org2: org2.local_addr()?,
    })
}
