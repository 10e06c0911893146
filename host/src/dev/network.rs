//! A network's folder: made if it is not there, found again if it is.

use std::fs;
use std::path::{Path, PathBuf};

use model::ChannelId;
use serde::{Deserialize, Serialize};

use super::members::{ADMIN, ORDERER, ORG1, ORG2, Org};
use super::organizations::Organizations;
use super::ports::{Addresses, Ports};
use super::{DevError, access, files, genesis};
use crate::client::Sources;
use crate::config::{self, Config};
use crate::token::Token;

/// What is written last: a folder that has it is complete.
const RECORD: &str = "network.yaml";
/// Where a network is made before it is moved to its place.
const UNFINISHED: &str = ".weft-dev-unfinished";
/// What a network consists of, in the order in which it is moved to its place.
const PARTS: [&str; 5] = ["organizations", "channels", "profiles", "nodes", RECORD];

/// What a new network is to be; an existing one must fit what is said.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// Its folder.
    pub(crate) folder: PathBuf,
    /// Its channel; `mychannel` if nothing is said.
    pub(crate) channel: Option<ChannelId>,
    /// Its ports; fixed if nothing is said.
    pub(crate) ports: Option<Ports>,
    /// Whether an existing one gets another token for its REST API.
    pub(crate) new_token: bool,
}

/// A network that is there.
pub(crate) struct Network {
    folder: PathBuf,
    record: Record,
    is_new: bool,
    /// The token of its REST API, if it was made just now: it is kept nowhere.
    new_token: Option<Token>,
}

/// `network.yaml`: what the network was made with.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    pub(super) channel: String,
    pub(super) ports: Ports,
    pub(super) addresses: Addresses,
}

impl Config for Record {
    fn resolve(&mut self, _folder: &Path) {}

    fn check(&self) -> Result<(), String> {
        ChannelId::parse(&self.channel)
            .map(|_| ())
            .map_err(|error| format!("channel: {error}"))
    }
}

impl Record {
    pub(super) fn address(&self, org: &Org) -> std::net::SocketAddr {
        match org.node.file {
            name if name == ORG1.node.file => self.addresses.peer0_org1,
            name if name == ORG2.node.file => self.addresses.peer0_org2,
            _ => self.addresses.orderer,
        }
    }
}

impl Network {
    /// Finds the network in the folder, or makes it.
    ///
    /// It is made beside its place and moved there at the end, so what an interruption leaves is never taken for whole.
    ///
    /// # Errors
    /// [`DevError`]: the folder holds something else or a network that was made otherwise; something cannot be written.
    pub(crate) fn ensure(wish: &Wish, sources: Sources) -> Result<Self, DevError> {
        let folder = std::path::absolute(&wish.folder).map_err(|source| DevError::File {
            what: "find",
            path: wish.folder.clone(),
            source,
        })?;
        let path = folder.join(RECORD);
        let is_new = !path.exists();
        let made = match is_new {
            true => Some(make(wish, &folder, sources)?),
            false => None,
        };
        let record: Record = config::load(&path)?;
        let mut network = Self {
            folder,
            record,
            is_new,
            new_token: made,
        };
        network.check(wish)?;
        if wish.new_token && network.new_token.is_none() {
            access::upgrade(&network.folder)?;
            network.new_token = Some(access::renew(&network.folder, sources)?);
        }
        Ok(network)
    }

    /// Whether it was made just now.
    pub(crate) fn is_new(&self) -> bool {
        self.is_new
    }

    /// The token of its REST API, if it was made just now.
    pub(crate) fn new_token(&self) -> Option<&str> {
        self.new_token.as_ref().map(Token::text)
    }

    /// Where the REST API of the first organisation's peer is for programs on this machine.
    pub(crate) fn rest_url(&self) -> String {
        format!("http://{}", self.record.address(&ORG1))
    }

    /// The profiles of the organisations' administrators.
    pub(crate) fn admin_profiles(&self) -> Vec<PathBuf> {
        let all = [&ORG1, &ORG2].into_iter().flat_map(|org| org.profiles);
        let admins = all.filter(|(user, _)| *user == ADMIN);
        let file = |(_, name): &(&str, &str)| format!("{name}.yaml");
        admins
            .map(|admin| self.folder.join("profiles").join(file(admin)))
            .collect()
    }

    /// Its folder, absolute.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its channel.
    pub(crate) fn channel(&self) -> &str {
        &self.record.channel
    }

    /// Its nodes in the order of their start, each with its address.
    pub(crate) fn nodes(&self) -> Vec<(&'static str, std::net::SocketAddr)> {
        [&ORDERER, &ORG1, &ORG2]
            .map(|org| (org.node.file, self.record.address(org)))
            .to_vec()
    }

    /// The configuration file of a node.
    pub(crate) fn node_config(&self, node: &str) -> PathBuf {
        self.folder.join("nodes").join(format!("{node}.yaml"))
    }

    fn check(&self, wish: &Wish) -> Result<(), DevError> {
        let otherwise = |has: String, wished: String| {
            Err(DevError::Otherwise {
                folder: self.folder.clone(),
                has,
                wished,
            })
        };
        match (&wish.channel, wish.ports) {
            (Some(channel), _) if channel.as_str() != self.record.channel => otherwise(
                format!("channel {}", self.record.channel),
                channel.as_str().to_owned(),
            ),
            (_, Some(ports)) if ports != self.record.ports => otherwise(
                format!("{} ports", self.record.ports.name()),
                ports.name().to_owned(),
            ),
            _ => Ok(()),
        }
    }
}

fn make(wish: &Wish, folder: &Path, sources: Sources) -> Result<Token, DevError> {
    if let Some(found) = PARTS.into_iter().find(|part| folder.join(part).exists()) {
        return Err(DevError::Foreign {
            folder: folder.to_owned(),
            found,
        });
    }
    let unfinished = folder.join(UNFINISHED);
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(files::failed("remove", &unfinished))?;
    }
    files::make_folder(&unfinished)?;
    let ports = wish.ports.unwrap_or(Ports::Fixed);
    let channel = match &wish.channel {
        Some(channel) => channel.as_str().to_owned(),
        None => "mychannel".to_owned(),
    };
    let record = Record {
        channel,
        ports,
        addresses: ports.choose()?,
    };
    let organizations = Organizations::make(&unfinished, sources)?;
    genesis::write(&unfinished, &record, &organizations, sources)?;
    files::write(&unfinished, &record)?;
    let token = access::renew(&unfinished, sources)?;
    for part in PARTS {
        let (from, to) = (unfinished.join(part), folder.join(part));
        fs::rename(&from, &to).map_err(files::failed("move to its place", &from))?;
    }
    fs::remove_dir(&unfinished).map_err(files::failed("remove", &unfinished))?;
    Ok(token)
}
