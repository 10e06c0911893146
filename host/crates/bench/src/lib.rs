//! A load generator for any gateway that speaks Fabric's `gateway.Gateway`: how many transactions a second, how long each
//! takes, and what that costs the nodes.
//!
//! Each call is made as Fabric's own clients make it: a signed proposal, for transactions then the signature over what was
//! endorsed, Submit and CommitStatus. What counts is a transaction that commit status calls VALID. Like Fabric's clients, the
//! generator signs what the gateway prepared without reading it again.
//!
//! Closed loop: each of so many clients begins its next call when the last has ended. Open loop: calls are meant to begin at
//! a fixed rate, and each one's time is counted from when it was meant to begin, so that a gateway which stalls cannot hide
//! the calls that had to wait.
//!
//! The generator is cheap, since it shares the machine with what it measures: one thread, few connections, no parsing. It says
//! what it took itself. Where it took most of a core, the figures are its own limit and not the gateway's.
//!
//! What it does not know: who started the nodes, what the chaincode does, files of configuration, JSON. It reads Linux's
//! `/proc` for the processes it is told of.
//!
//! ```no_run
//! use std::{path::Path, sync::Arc, time::Duration};
//! use bench::{Call, Config, Load, Mode, Sources, Template, Watch};
//!
//! # async fn demo(sources: Sources) -> Result<(), Box<dyn std::error::Error>> {
//! let report = bench::run(Config {
//!     endpoint: services::Endpoint { address: "localhost:7051".into(), ..services::Endpoint::default() },
//!     connections: 2,
//!     identities: vec![Arc::new(msp::SigningIdentity::from_folder(Path::new("User1/msp"), "Org1MSP")?)],
//!     channel_id: "mychannel".into(),
//!     call: Call {
//!         chaincode: "basic".into(),
//!         args: vec![Template::parse("CreateAsset", 0)?, Template::parse("asset{n}", 0)?],
//!         organizations: Vec::new(),
//!         mode: Mode::Submit,
//!         timeout: Duration::from_secs(60),
//!     },
//!     load: Load { clients: 64, rate_per_s: None, calls_max: None },
//!     warm_up: Duration::from_secs(5),
//!     duration: Duration::from_secs(30),
//!     watch: Watch::default(),
//! }, sources).await?;
//! println!("{}", report.table());
//! # Ok(())
//! # }
//! ```

mod caller;
mod config;
mod error;
mod load;
mod machine;
mod process;
mod record;
mod report;
mod template;
mod watch;

pub use caller::Stage;
pub use config::{Call, Config, Load, Mode, Sources, Watch, Watched};
pub use error::Error;
pub use load::run;
pub use machine::Machine;
pub use report::{Blocks, FailureCount, FolderUse, Latency, ProcessUse, Report, Settings, Stages};
pub use template::{Template, TemplateError};
