//! The checks of this machine: toolchain, disk, ports of a network for development.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use model::ErrorCode;
use serde::Deserialize;
use toolchain::Target;

use super::Check;
use crate::config::{self, Config};

const KIB_PER_MIB: u64 = 1024;
/// Room on the disk that is little, and that is too little: a block of 2 MB is nothing, a full disk stops a channel.
const FREE_MIB_WARN: u64 = 2 * 1024;
const FREE_MIB_MIN: u64 = 256;

/// `network.yaml` of a network for development, as far as its ports are wanted.
#[derive(Debug, Deserialize)]
struct Network {
    addresses: BTreeMap<String, SocketAddr>,
}

impl Config for Network {
    fn resolve(&mut self, _folder: &Path) {}

    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

/// All of them.
pub(super) async fn checks(network: Option<&Path>) -> Vec<Check> {
    let mut checks = vec![toolchain(), disk(network).await];
    if let Some(folder) = network {
        checks.extend(ports(folder));
    }
    checks
}

/// Only packaging needs it, and it is made then where it can be.
fn toolchain() -> Check {
    let environment = config::toolchain_environment();
    match Target::find(&environment) {
        Some(target) => Check::ok(
            "contract compiler",
            format!("{} has {}", target.rustc().display(), toolchain::TRIPLE),
        ),
        None => Check::warn(
            "contract compiler",
            format!("no Rust with the target {} is found", toolchain::TRIPLE),
            format!(
                "`rustup target add {}`; `weft chaincode package` adds it by itself where it can. Packages that are made elsewhere need none",
                toolchain::TRIPLE
            ),
        ),
    }
}

async fn disk(network: Option<&Path>) -> Check {
    let folder = network
        .filter(|folder| folder.is_dir())
        .unwrap_or(Path::new("."));
    let name = "disk";
    match free_mib(folder).await {
        Err(reason) => Check::warn(name, reason, "look with df how much room there is"),
        Ok(free) => of_free(free, folder),
    }
}

fn of_free(free_mib: u64, folder: &Path) -> Check {
    let found = format!("{free_mib} MiB free in {}", folder.display());
    match free_mib {
        ..FREE_MIB_MIN => Check::fail("disk", ErrorCode::FileUnusable, found)
            .hint("make room: a node stops when its disk is full"),
        FREE_MIB_MIN..FREE_MIB_WARN => Check::warn(
            "disk",
            found,
            "make room in time: a node stops when its disk is full",
        ),
        _ => Check::ok("disk", found),
    }
}

/// Asks `df`: the standard library knows no call for it, and ours may not be unsafe.
async fn free_mib(folder: &Path) -> Result<u64, String> {
    let mut command = tokio::process::Command::new("df");
    command
        .arg("-Pk")
        .arg("--")
        .arg(folder)
        .stdin(Stdio::null());
    let answer = command.kill_on_drop(true).output().await;
    let answer = answer.map_err(|error| format!("df cannot be started: {error}"))?;
    let text = String::from_utf8_lossy(&answer.stdout);
    parse_free_kib(&text)
        .map(|free| free / KIB_PER_MIB)
        .ok_or_else(|| "df does not say how much room there is".to_owned())
}

/// The fourth column of the last line, as POSIX says.
fn parse_free_kib(text: &str) -> Option<u64> {
    let line = text.lines().nth(1)?;
    // The first column may hold spaces; the four numbers stand before the mount point.
    let words: Vec<&str> = line.split_whitespace().collect();
    let capacity = words.iter().position(|word| {
        word.strip_suffix('%')
            .is_some_and(|number| number.parse::<u64>().is_ok())
    })?;
    words.get(capacity.checked_sub(1)?)?.parse().ok()
}

/// Whether the network's nodes could listen; who listens there already may be they themselves.
fn ports(folder: &Path) -> Vec<Check> {
    let record: PathBuf = folder.join("network.yaml");
    let network: Network = match config::load(&record) {
        Ok(network) => network,
        Err(error) => {
            return vec![
                Check::failed("network", error)
                    .hint("name the folder of a network that `weft dev` made"),
            ];
        }
    };
    let addresses = network.addresses.into_iter();
    addresses
        .map(|(node, address)| port(&node, address))
        .collect()
}

fn port(node: &str, address: SocketAddr) -> Check {
    let name = format!("port of {node}");
    match TcpListener::bind(address) {
        Ok(_) => Check::ok(name, format!("{address} is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Check::warn(
            name,
            format!("{address} is in use"),
            "good if this network runs; else stop who listens there, or make a network with `weft dev --ports free`",
        ),
        Err(error) => Check::fail(
            name,
            ErrorCode::PortTaken,
            format!("{address} cannot be listened on: {error}"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::path::Path;

    use super::{of_free, parse_free_kib, port, ports};
    use crate::cli::doctor::State;

    #[test]
    fn the_room_is_read_from_df() {
        let text = "Filesystem 1024-blocks Used Available Capacity Mounted on\n\
                    /dev/my disk 100 40 60 40% /mnt/a b\n";
        assert_eq!(parse_free_kib(text), Some(60));
        assert_eq!(parse_free_kib("x\n"), None);
        assert_eq!(parse_free_kib("x\n40% /"), None);
    }

    #[test]
    fn a_disk_that_is_nearly_full_is_told_before_it_is() {
        let state = |free| of_free(free, Path::new("/")).state;
        assert_eq!(
            [state(255), state(256), state(2048)],
            [State::Fail, State::Warn, State::Ok]
        );
    }

    #[test]
    fn a_port_that_is_taken_is_told_from_a_free_one() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        assert_eq!(port("peer0_org1", address).state, State::Warn);
        drop(listener);
        assert_eq!(port("peer0_org1", address).state, State::Ok);
    }

    #[test]
    fn a_folder_without_a_network_is_a_failure() {
        let folder = tempfile::tempdir().unwrap();
        let checks = ports(folder.path());
        assert_eq!(checks.first().unwrap().state, State::Fail);
    }
}
