//! `weft bench`: load on a gateway, and what it took.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bench::{Call, Config, Error, Load, Mode, Report, Sources, Template, Watch, Watched};
use clap_complete::ArgValueCandidates;
use model::ErrorCode;
use msp::SigningIdentity;
use services::Endpoint;

use super::failure::Failure;
use super::global::Global;
use super::{complete, file};
use crate::client::{ClientError, Profile};
use crate::clock;

/// Which load to put on which gateway. Gateway and identity are those of the context or profile, unless they are named
/// here: so it runs against Fabric's gateways too.
#[derive(Debug, clap::Args)]
#[command(after_help = PLACES)]
pub(super) struct BenchArgs {
    /// The chaincode.
    #[arg(long, value_name = "NAME", add = ArgValueCandidates::new(complete::chaincodes))]
    chaincode: String,
    /// Its function.
    #[arg(long, value_name = "NAME")]
    function: String,
    /// An argument of the function, in their order; see below for what is filled in.
    #[arg(long = "arg", value_name = "TEXT", allow_hyphen_values = true)]
    arguments: Vec<String>,
    /// Bytes of `{payload}`.
    #[arg(long, value_name = "BYTES", default_value_t = 0)]
    payload: usize,
    /// Only evaluate; nothing is written.
    #[arg(long, conflicts_with = "submit")]
    evaluate: bool,
    /// Submit and wait for the commit; so it does anyway.
    #[arg(long)]
    submit: bool,
    /// Organisation whose peers are asked, instead of those that the policy needs; several with commas or repeated.
    #[arg(long = "org", value_name = "MSPID", value_delimiter = ',')]
    organizations: Vec<String>,
    #[command(flatten)]
    load: LoadArgs,
    #[command(flatten)]
    gateway: GatewayArgs,
    #[command(flatten)]
    watch: WatchArgs,
    /// Write everything as JSON to a file too: figures, settings, machine.
    #[arg(long = "json", value_name = "FILE")]
    json_file: Option<file::Path>,
}

/// How much.
#[derive(Debug, clap::Args)]
struct LoadArgs {
    /// Clients, each of which begins a call when its last has ended; with --rate the most calls at once.
    #[arg(long, value_name = "COUNT")]
    clients: Option<usize>,
    /// Open loop: so many calls a second begin, and times count from when each was meant to.
    #[arg(long, value_name = "PER_SECOND")]
    rate: Option<f64>,
    /// Seconds that are counted.
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0, value_parser = seconds)]
    duration_s: f64,
    /// Seconds of load before them.
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0, value_parser = seconds)]
    warm_up_s: f64,
    /// End after so many calls.
    #[arg(long, value_name = "COUNT")]
    calls: Option<u64>,
    /// Seconds that each request of a call may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0, value_parser = seconds)]
    timeout_s: f64,
}

/// Where, and in whose name.
#[derive(Debug, clap::Args)]
struct GatewayArgs {
    /// Gateway to call.
    #[arg(long, value_name = "HOST:PORT", requires = "msp_folder")]
    address: Option<String>,
    /// PEM file of the authority of the gateway's TLS certificate; without it plain text.
    #[arg(long, value_name = "FILE", requires = "address")]
    tls_ca: Option<PathBuf>,
    /// Name in the gateway's certificate, where it is not the address's host.
    #[arg(long, value_name = "NAME", requires = "tls_ca")]
    tls_server_name: Option<String>,
    /// MSP folder of a user, with `signcerts` and `keystore`; several may be given, and clients take them in turn.
    #[arg(long, value_name = "DIR", requires = "msp_id")]
    msp_folder: Vec<PathBuf>,
    /// The organisation of these users.
    #[arg(long, value_name = "MSPID", requires = "msp_folder")]
    msp_id: Option<String>,
    /// Connections that the clients share.
    #[arg(long, value_name = "COUNT", default_value_t = 2)]
    connections: usize,
}

/// Whose costs are counted.
#[derive(Debug, clap::Args)]
struct WatchArgs {
    /// Process on this machine whose processor time and memory are counted; may be given several times.
    #[arg(long = "pid", value_name = "[NAME=]PID", value_parser = process)]
    processes: Vec<Watched<u32>>,
    /// Folder whose growth is counted; may be given several times.
    #[arg(long = "data", value_name = "[NAME=]DIR", value_parser = folder)]
    folders: Vec<Watched<PathBuf>>,
}

const PLACES: &str = "In each --arg are filled in, anew for each call:
  {n}             a name that no other call has, in this run or another
  {index}         the number of the call in this run
  {client}        the number of the client
  {number:COUNT}  a random number below COUNT
  {random:BYTES}  so many random characters
  {payload}       as many as --payload says
  {{ and }}       the braces themselves";

/// Clients of a closed loop, if nothing is said.
const CLIENTS: usize = 16;
/// The most calls at once of an open loop, if nothing is said.
const CLIENTS_OPEN: usize = 1_000;
/// A day: longer than any measurement.
const SECONDS_MAX: f64 = 86_400.0;

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.0..=SECONDS_MAX).contains(&seconds) => Ok(seconds),
        _ => Err(format!("it is not a number from 0 to {SECONDS_MAX}")),
    }
}

fn named(text: &str) -> (Option<&str>, &str) {
    match text.split_once('=') {
        Some((name, what)) => (Some(name), what),
        None => (None, text),
    }
}

fn process(text: &str) -> Result<Watched<u32>, String> {
    let (name, pid) = named(text);
    Ok(Watched {
        name: name.unwrap_or(pid).to_owned(),
        what: pid
            .parse()
            .map_err(|_| "it is not the number of a process".to_owned())?,
    })
}

fn folder(text: &str) -> Result<Watched<PathBuf>, std::convert::Infallible> {
    let (name, path) = named(text);
    Ok(Watched {
        name: name.unwrap_or(path).to_owned(),
        what: PathBuf::from(path),
    })
}

/// Puts the load on and prints what came of it.
pub(super) async fn run(args: BenchArgs, global: &Global) -> anyhow::Result<()> {
    let json_file = args.json_file.clone();
    let config = args.into_config(global)?;
    let address = config.endpoint.address.clone();
    let sources = Sources {
        now: clock::SOURCES.now,
        fill_random: clock::SOURCES.fill_random,
    };
    let output = global.output();
    let running = bench::run(config, sources);
    let report = output.during("under load", running).await;
    let report = report.map_err(|error| told(error, address))?;
    if let Some(file) = json_file {
        file.write(&serde_json::to_vec_pretty(&report)?)?;
    }
    Ok(output.value(&report, Report::table)?)
}

impl BenchArgs {
    fn into_config(self, global: &Global) -> anyhow::Result<Config> {
        let profile = match &self.gateway.address {
            None => Some(global.profile()?),
            Some(_) => None,
        };
        let channel_id = match (&global.channel, &profile) {
            (Some(channel), _) => channel.as_str().to_owned(),
            (None, Some(profile)) => profile.channel.clone(),
            (None, None) => {
                let what = "--address needs --channel: a gateway has no channel of its own";
                return Err(Failure::new(ErrorCode::UsageWrong, what).into());
            }
        };
        let (endpoint, identities) = self.gateway.open(profile.as_ref())?;
        let texts = std::iter::once(&self.function).chain(&self.arguments);
        let templates = texts.map(|text| Template::parse(text, self.payload));
        let args = templates
            .collect::<Result<Vec<_>, _>>()
            .map_err(wrong_usage)?;
        let clients = match self.load.rate {
            None => CLIENTS,
            Some(_) => CLIENTS_OPEN,
        };
        Ok(Config {
            endpoint,
            connections: self.gateway.connections,
            identities,
            channel_id,
            call: Call {
                chaincode: self.chaincode,
                args,
                organizations: self.organizations,
                mode: if self.evaluate {
                    Mode::Evaluate
                } else {
                    Mode::Submit
                },
                timeout: Duration::from_secs_f64(self.load.timeout_s),
            },
            load: Load {
                clients: self.load.clients.unwrap_or(clients),
                rate_per_s: self.load.rate,
                calls_max: self.load.calls,
            },
            warm_up: Duration::from_secs_f64(self.load.warm_up_s),
            duration: Duration::from_secs_f64(self.load.duration_s),
            watch: Watch {
                processes: self.watch.processes,
                folders: self.watch.folders,
            },
        })
    }
}

impl GatewayArgs {
    fn open(
        &self,
        profile: Option<&Profile>,
    ) -> anyhow::Result<(Endpoint, Vec<Arc<SigningIdentity>>)> {
        let address = self
            .address
            .as_ref()
            .or(profile.map(|profile| &profile.peer.address));
        let tls_ca = self
            .tls_ca
            .as_ref()
            .or(profile.and_then(|profile| profile.peer.tls_ca.as_ref()));
        let msp_id = self
            .msp_id
            .as_ref()
            .or(profile.map(|profile| &profile.msp_id));
        let folders = match (self.msp_folder.as_slice(), profile) {
            ([], Some(profile)) => std::slice::from_ref(&profile.msp_folder),
            (folders, _) => folders,
        };
        let (Some(address), Some(msp_id)) = (address, msp_id) else {
            let what = "--address needs --msp-folder and --msp-id";
            return Err(Failure::new(ErrorCode::UsageWrong, what).into());
        };
        let mut identities = Vec::with_capacity(folders.len());
        for folder in folders {
            let signer = SigningIdentity::from_folder(folder, msp_id);
            let signer = signer.map_err(|source| ClientError::Identity {
                folder: folder.clone(),
                source,
            })?;
            identities.push(Arc::new(signer));
        }
        let tls_roots_pem = match tls_ca {
            None => Vec::new(),
            Some(path) => std::fs::read(path).map_err(|source| ClientError::TlsRoots {
                path: path.clone(),
                source,
            })?,
        };
        let endpoint = Endpoint {
            address: address.clone(),
            tls_roots_pem,
            tls_name: self.tls_server_name.clone(),
            ..Endpoint::default()
        };
        Ok((endpoint, identities))
    }
}

fn wrong_usage(error: impl std::fmt::Display) -> Failure {
    Failure::new(ErrorCode::UsageWrong, error.to_string())
}

/// The failure with the code that users know it by.
fn told(error: Error, address: String) -> anyhow::Error {
    match error {
        Error::Trial {
            status: Some(status),
            ..
        } => ClientError::Call {
            call: "the first call",
            address,
            status,
        }
        .into(),
        Error::Trial { .. } => Failure::new(ErrorCode::CommitInvalid, error.to_string()).into(),
        Error::Dial(source) => ClientError::Dial(source).into(),
        Error::Config(_) | Error::EndedInWarmUp => wrong_usage(error).into(),
        Error::Watch { .. } | Error::Form { .. } => {
            anyhow::Error::from(error).context(Failure::new(
                ErrorCode::FileUnusable,
                "a process or folder cannot be watched",
            ))
        }
        Error::Sign(_) | Error::Died(_) | Error::Histogram(_) => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{folder, process, seconds};
    use crate::cli::Cli;
    use clap::Parser as _;

    #[test]
    fn processes_and_folders_may_have_names() {
        let peer = process("peer=12").unwrap();
        assert_eq!((peer.name.as_str(), peer.what), ("peer", 12));
        assert_eq!(process("12").unwrap().name, "12");
        assert!(process("peer=x").is_err() && process("").is_err());
        let data = folder("peer=/d").unwrap();
        assert_eq!(
            (data.name.as_str(), data.what.to_str()),
            ("peer", Some("/d"))
        );
    }

    fn is_understood(options: &str) -> bool {
        let line = format!("weft bench --chaincode basic --function F {options}");
        Cli::try_parse_from(line.split_whitespace()).is_ok()
    }

    #[test]
    fn the_gateway_is_that_of_the_profile_or_named_together_with_an_identity() {
        assert!(is_understood(
            "--arg a{n} --arg -5 --clients 64 --pid peer=1 --data /d"
        ));
        assert!(is_understood(
            "--address h:1 --tls-ca f --tls-server-name n --msp-folder a --msp-folder b --msp-id Org1MSP --channel ch"
        ));
        for wrong in [
            "--address h:1",
            "--msp-folder a",
            "--tls-ca f --msp-folder a --msp-id M",
            "--evaluate --submit",
            "--duration-s x",
        ] {
            assert!(!is_understood(wrong), "{wrong}");
        }
    }

    #[test]
    fn seconds_are_numbers_up_to_a_day() {
        assert_eq!(seconds("0.5"), Ok(0.5));
        for text in ["-1", "NaN", "inf", "86401", "x"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
