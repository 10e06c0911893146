//! `cargo xtask demo`: a network, a contract, transactions, and what all that left on the ledgers.

mod network;
mod screen;
mod show;
mod weft;

use std::path::Path;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};

use crate::cargo;
use network::Network;
use screen::Screen;
use show::field;
use weft::{ORG1_ADMIN, ORG1_USER, ORG2_ADMIN, ORG2_USER, Weft};

/// The contract's folder, relative to the root.
const CONTRACT: &str = "examples-chaincode/asset-transfer";
/// Its name on the channel: the one that the published applications for this contract ask for.
const CHAINCODE: &str = "basic";
const LABEL: &str = "basic_1.0";
/// Creating and transferring an asset set an event each.
const EVENTS: &str = "2";
/// How long the second peer may be behind the first.
const CATCH_UP: Duration = Duration::from_secs(10);
const CATCH_UP_PAUSE: Duration = Duration::from_millis(20);

/// What happens to the network at the end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    /// It is stopped and its folder removed.
    CleanUp,
    /// It goes on, unless something failed.
    Keep,
}

/// Builds, runs and shows everything.
///
/// # Errors
/// A step failed, the peers do not agree, or somebody interrupted. Nothing is left behind then.
pub(crate) fn run(after: After) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        tokio::select! {
            done = demonstrate(after) => done,
            _ = interrupt.recv() => bail!("interrupted"),
            _ = terminate.recv() => bail!("asked to end"),
            _ = hang_up.recv() => bail!("the terminal is gone"),
        }
    })
}

async fn demonstrate(after: After) -> Result<()> {
    let screen = Screen::of_stdout();
    let (built, module) = compile(&screen).await?;
    let begun = Instant::now();
    let mut network = screen
        .step(
            "start an orderer and two peers, a new CA for each organisation, one channel",
            Network::start(&built.weft),
        )
        .await?;
    let weft = Weft::new(&built.weft, network.folder());
    let shown = async {
        deploy(&screen, &weft, &module).await?;
        use_it(&screen, &weft).await?;
        compare(&screen, &weft).await
    };
    if let Err(error) = shown.await {
        screen.plain(&network.log_tail());
        return Err(error);
    }
    screen.total("from the first process to equal ledgers", begun.elapsed());
    if after == After::Keep {
        screen.plain(&network.keep(&built.weft, CHAINCODE));
        return Ok(());
    }
    screen
        .step("stop the network and remove its folder", network.stop())
        .await
}

async fn compile(screen: &Screen) -> Result<(cargo::Built, std::path::PathBuf)> {
    let target = screen
        .step("find the wasm target", blocking(cargo::wasm_target))
        .await?;
    // Cargo paints its own progress.
    let built = screen
        .long_step("build weft", blocking(cargo::build_binaries))
        .await?;
    let folder = built.contracts_folder()?;
    let build = move || cargo::build_contract(&target, Path::new(CONTRACT), &folder);
    let module = screen
        .step(
            &format!("compile {CONTRACT} to WebAssembly"),
            blocking(build),
        )
        .await?;
    Ok((built, module))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .context("a build step ended without a result")?
}

async fn deploy(screen: &Screen, weft: &Weft, module: &Path) -> Result<()> {
    let package = weft.folder().join(format!("{LABEL}.tar.gz"));
    let (module, file) = (text(module)?, text(&package)?);
    let package_id = screen
        .step(
            "package the contract",
            weft.line(
                ORG1_ADMIN,
                &[
                    "chaincode",
                    "package",
                    module,
                    "--label",
                    LABEL,
                    "--out",
                    file,
                ],
            ),
        )
        .await?;
    screen.note(&format!("package {package_id}"));
    let install = ["chaincode", "install", file];
    let both = async {
        tokio::try_join!(
            weft.line(ORG1_ADMIN, &install),
            weft.line(ORG2_ADMIN, &install)
        )
    };
    let (first, second) = screen.step("install it on both peers", both).await?;
    ensure!(
        first == package_id && second == package_id,
        "the peers name the package {first} and {second}"
    );
    let definition = ["--name", CHAINCODE, "--version", "1.0", "--sequence", "1"];
    let approve = [
        &["chaincode", "approve"],
        &definition[..],
        &["--package-id", &package_id],
    ]
    .concat();
    let both = async {
        tokio::try_join!(
            weft.line(ORG1_ADMIN, &approve),
            weft.line(ORG2_ADMIN, &approve)
        )
    };
    screen
        .step(
            "approve its definition for both organisations",
            settled(weft, both),
        )
        .await?;
    let commit = [&["chaincode", "commit"], &definition[..]].concat();
    screen
        .step(
            "commit the definition",
            settled(weft, weft.line(ORG1_ADMIN, &commit)),
        )
        .await?;
    Ok(())
}

async fn use_it(screen: &Screen, weft: &Weft) -> Result<()> {
    let listener = weft.start(
        ORG2_USER,
        &[
            "events", CHAINCODE, "--from", "0", "--count", EVENTS, "--output", "json",
        ],
    )?;
    let create = [
        "submit",
        CHAINCODE,
        "CreateAsset",
        "asset1",
        "blue",
        "5",
        "Tomoko",
        "300",
    ];
    let created = screen
        .step(
            "Org1 creates an asset",
            settled(weft, weft.json(ORG1_USER, &create)),
        )
        .await?;
    screen.note(&show::outcome(&created));
    let read = ["evaluate", CHAINCODE, "ReadAsset", "asset1"];
    let asset = screen.step("read it", weft.json(ORG1_USER, &read)).await?;
    screen.note(&asset.to_string());
    let transfer = ["submit", CHAINCODE, "TransferAsset", "asset1", "Brad"];
    let transferred = screen
        .step(
            "Org2 transfers it",
            settled(weft, weft.json(ORG2_USER, &transfer)),
        )
        .await?;
    screen.note(&show::outcome(&transferred));
    let asset = screen
        .step("read it again", weft.json(ORG1_USER, &read))
        .await?;
    screen.note(&asset.to_string());
    ensure!(field(&asset, "Owner") == "Brad", "the asset is {asset}");
    let events = screen
        .step("receive the contract's events", weft.finish(listener))
        .await?;
    for event in events.lines() {
        screen.note(event);
    }
    ensure!(
        events.lines().count() == EVENTS.parse::<usize>()?,
        "not {EVENTS} events"
    );
    show_it(screen, weft, &transferred).await
}

/// The block and the transaction of what was submitted, as the ledger has them.
async fn show_it(screen: &Screen, weft: &Weft, submitted: &Value) -> Result<()> {
    let tx_id = field(submitted, "tx_id");
    let number = field(submitted, "block");
    let block = screen
        .step(
            "show the transfer's block",
            weft.json(ORG1_USER, &["block", &number]),
        )
        .await?;
    screen.plain(&show::block(&block));
    let tx = screen
        .step(
            "show the transaction",
            weft.json(ORG1_USER, &["tx", &tx_id]),
        )
        .await?;
    screen.plain(&show::transaction(&tx));
    Ok(())
}

async fn compare(screen: &Screen, weft: &Weft) -> Result<()> {
    let digest = |profile| weft.json(profile, &["digest"]);
    let digests = async { tokio::try_join!(digest(ORG1_USER), digest(ORG2_USER)) };
    let (first, second) = screen
        .step("compare the two peers' ledgers", digests)
        .await?;
    for name in ["height", "block_hash", "commit_hash", "state_sha256"] {
        let (one, other) = (field(&first, name), field(&second, name));
        ensure!(
            !one.is_empty() && one == other,
            "{name} differs: {one} at Org1's peer, {other} at Org2's"
        );
        screen.note(&format!("{name:13} {}  on both", one));
    }
    Ok(())
}

/// A step after which the next one may use any peer.
async fn settled<T>(weft: &Weft, work: impl Future<Output = Result<T>>) -> Result<T> {
    let done = work.await?;
    in_step(weft).await?;
    Ok(done)
}

/// Waits until both peers are at the same height: what a client of one saw committed, the other has then too.
async fn in_step(weft: &Weft) -> Result<()> {
    let begun = Instant::now();
    loop {
        let (first, second) = tokio::try_join!(
            weft.json(ORG1_USER, &["digest"]),
            weft.json(ORG2_USER, &["digest"])
        )?;
        let (first, second) = (field(&first, "height"), field(&second, "height"));
        if first == second {
            return Ok(());
        }
        ensure!(
            begun.elapsed() < CATCH_UP,
            "the peers stay at {first} and {second}"
        );
        tokio::time::sleep(CATCH_UP_PAUSE).await;
    }
}

fn text(path: &Path) -> Result<&str> {
    path.to_str()
        .with_context(|| format!("{} is not UTF-8", path.display()))
}

/// Says how a process ended, for people.
fn ended(status: ExitStatus) -> String {
    status
        .code()
        .map_or_else(|| status.to_string(), |code| format!("exit code {code}"))
}
