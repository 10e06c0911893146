//! The rules of the house that a compiler does not hold: floors, dependencies at home, file sizes, licences, bans.
#![allow(clippy::expect_used, reason = "a test's panic is its failure")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// Floor of each crate of the workspace; a crate imports only lower floors.
const FLOORS: &[(&str, u8)] = &[
    ("proto", 0),
    ("services", 1), // generated from proto's files; only those in `SERVICES_USERS` import it
    ("toolchain", 0),
    ("model", 2),
    ("rwset", 3),
    ("msp", 3),
    ("channel", 4),
    ("decoded", 5),
    ("delivery", 5),
    ("joined", 5),
    ("lifecycle", 4),
    ("runtime", 4),
    ("ledger", 4),
    ("endorser", 6),
    ("committer", 6),
    ("gateway", 6),
    ("inspect", 6),
    ("orderer", 6),
    ("audit", 7),
    ("rest", 7),
    ("bench", 7),
    ("weft", 8),
];

/// Guest crates, tools and tests stand beside the floors.
const BESIDE: &[&str] = &[
    "chaincode-sdk",
    "chaincode-sdk-macros",
    "xtask",
    "system-tests",
    "fuzz-targets",
    "recordings",
];

/// Crates that may import `services`.
const SERVICES_USERS: &[&str] = &[
    "delivery",
    "endorser",
    "committer",
    "gateway",
    "inspect",
    "orderer",
    "rest",
    "bench",
    "weft",
    "system-tests",
];

/// A heavy dependency and the crates it is at home in.
const HOMES: &[(&str, &[&str])] = &[
    ("axum", &["rest", "weft", "fuzz-targets"]),
    ("clap", &["weft"]),
    ("der", &["msp"]),
    ("openraft", &["orderer"]),
    ("p256", &["msp"]),
    ("ring", &["msp"]),
    ("rusqlite", &["ledger"]),
    ("rustls", &["weft"]),
    ("sqlx", &["ledger"]),
    ("utoipa-axum", &["rest"]),
    ("utoipa-swagger-ui", &["rest"]),
    ("wasmtime", &["runtime"]),
    ("wit-component", &["runtime"]),
    ("x509-cert", &["msp"]),
];

const BANNED: &[&str] = &[
    "aws-lc-rs",
    "aws-lc-sys",
    "native-tls",
    "openssl",
    "openssl-sys",
    "protobuf",
    "protoc-bin-vendored",
];

const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "NCSA", // LLVM's libFuzzer, in no product
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Lines a source file may have; tests may be longer, since tables are.
const LINES_MAX: usize = 500;
const TEST_LINES_MAX: usize = 900;

/// `#[expect(unsafe_code)]`/`#[allow(unsafe_code)]` outside generated bindings: loading our own compiled code.
const UNSAFE_PLACES_MAX: usize = 2;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ lies in the root")
        .to_path_buf()
}

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .exec()
        .expect("cargo metadata runs")
}

fn ours(metadata: &Metadata) -> Vec<&Package> {
    metadata.workspace_packages()
}

fn none_wrong(rule: &str, wrong: &[String]) {
    let mut text = String::new();
    for line in wrong {
        let _ = writeln!(text, "  {line}");
    }
    assert!(wrong.is_empty(), "{rule}:\n{text}");
}

/// Rust files that git tracks, relative to the root.
fn rust_files() -> Vec<PathBuf> {
    let listing = std::process::Command::new("git")
        .args([
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "*.rs",
        ])
        .current_dir(root())
        .output()
        .expect("git runs");
    assert!(listing.status.success(), "git ls-files failed");
    let files: Vec<PathBuf> = String::from_utf8_lossy(&listing.stdout)
        .lines()
        .map(PathBuf::from)
        .filter(|f| root().join(f).exists())
        .collect();
    assert!(
        files.len() > 50,
        "git listed only {} Rust files",
        files.len()
    );
    files
}

#[test]
fn imports_go_down_only() {
    let floors: BTreeMap<&str, u8> = FLOORS.iter().copied().collect();
    let metadata = metadata();
    let names: BTreeSet<String> = ours(&metadata).iter().map(|p| p.name.to_string()).collect();
    let mut wrong = Vec::new();
    for package in ours(&metadata) {
        let name = package.name.as_str();
        if BESIDE.contains(&name) {
            continue;
        }
        let Some(floor) = floors.get(name) else {
            wrong.push(format!("{name} has no floor: add it to FLOORS"));
            continue;
        };
        for dependency in &package.dependencies {
            let below = dependency.name.as_str();
            if !names.contains(below) || dependency.kind == DependencyKind::Development {
                continue;
            }
            match floors.get(below) {
                Some(other) if other < floor => {}
                _ => wrong.push(format!("{name} imports {below}")),
            }
            if below == "services" && !SERVICES_USERS.contains(&name) {
                wrong.push(format!("{name} imports services, which is for F4 and F5"));
            }
        }
    }
    none_wrong("a crate imports only lower floors", &wrong);
}

#[test]
fn heavy_dependencies_stay_home() {
    let metadata = metadata();
    let mut wrong = Vec::new();
    for package in ours(&metadata) {
        for dependency in package
            .dependencies
            .iter()
            .filter(|d| d.kind == DependencyKind::Normal)
        {
            if let Some((_, homes)) = HOMES.iter().find(|(heavy, _)| *heavy == dependency.name)
                && !homes.contains(&package.name.as_str())
            {
                wrong.push(format!(
                    "{} imports {}, at home in {homes:?}",
                    package.name, dependency.name
                ));
            }
        }
    }
    none_wrong("heavy dependencies stay home", &wrong);
}

#[test]
fn banned_crates_are_not_in_the_tree() {
    let metadata = metadata();
    let resolve = metadata
        .resolve
        .as_ref()
        .expect("metadata has a resolve graph");
    let used: BTreeSet<_> = resolve.nodes.iter().map(|n| &n.id).collect();
    let wrong: Vec<String> = metadata
        .packages
        .iter()
        .filter(|p| used.contains(&p.id) && BANNED.contains(&p.name.as_str()))
        .map(|p| format!("{} {}", p.name, p.version))
        .collect();
    none_wrong("banned crates", &wrong);
}

/// Whether an SPDX expression of `AND`, `OR`, `/` and parentheses can be met from `LICENCES`.
fn licence_is_allowed(expression: &str) -> bool {
    let plain = expression.replace('/', " OR ").replace(['(', ')'], " ");
    // An AND of ORs is the only mixed shape in the tree: every AND part needs one allowed OR part.
    plain
        .split(" AND ")
        .all(|part| part.split(" OR ").any(|one| LICENCES.contains(&one.trim())))
}

#[test]
fn every_licence_is_allowed() {
    let metadata = metadata();
    let mut wrong = Vec::new();
    for package in &metadata.packages {
        let licence = package.license.as_deref().unwrap_or("");
        if !licence_is_allowed(licence) {
            wrong.push(format!("{} {}: '{licence}'", package.name, package.version));
        }
    }
    none_wrong("licences", &wrong);
}

#[test]
fn the_licence_check_reads_expressions() {
    assert!(licence_is_allowed("MIT OR GPL-3.0"));
    assert!(licence_is_allowed("(MIT OR Apache-2.0) AND Unicode-3.0"));
    assert!(licence_is_allowed("MIT/Apache-2.0"));
    assert!(!licence_is_allowed("MIT AND GPL-3.0"));
    assert!(!licence_is_allowed(""));
}

#[test]
fn no_file_is_longer_than_the_wall() {
    let mut wrong = Vec::new();
    for file in rust_files() {
        let text = std::fs::read_to_string(root().join(&file)).unwrap_or_default();
        let lines = text.lines().count();
        let shown = file.display().to_string();
        let wall = if shown.contains("tests") {
            TEST_LINES_MAX
        } else {
            LINES_MAX
        };
        if lines > wall {
            wrong.push(format!("{shown}: {lines} lines, wall {wall}"));
        }
    }
    none_wrong("a file has one noun and stays under the wall", &wrong);
}

#[test]
fn every_crate_opens_with_what_it_is() {
    let metadata = metadata();
    let mut wrong = Vec::new();
    for package in ours(&metadata) {
        for target in package
            .targets
            .iter()
            .filter(|t| t.is_lib() || t.is_bin() || t.is_proc_macro())
        {
            let text = std::fs::read_to_string(&target.src_path).unwrap_or_default();
            if !text.trim_start().starts_with("//!") || text.contains("(being written)") {
                wrong.push(format!("{}", target.src_path));
            }
        }
    }
    none_wrong("a crate's first lines say what it is", &wrong);
}

#[test]
fn unsafe_code_is_counted() {
    let mut places = Vec::new();
    for file in rust_files() {
        let text = std::fs::read_to_string(root().join(&file)).unwrap_or_default();
        let shown = file.display().to_string();
        if shown.starts_with("tests/") || shown.starts_with("chaincode-sdk") {
            continue; // this file names it; the SDK's bindings are generated
        }
        for (number, line) in text.lines().enumerate() {
            if line.contains("unsafe_code") && line.contains("#[") {
                places.push(format!("{shown}:{}", number + 1));
            }
        }
    }
    assert!(
        places.len() <= UNSAFE_PLACES_MAX,
        "unsafe code in {places:?}"
    );
}

#[test]
fn the_toolchain_file_names_the_channel_and_nothing_else() {
    let text =
        std::fs::read_to_string(root().join("rust-toolchain.toml")).expect("the file is there");
    assert_eq!(text, "[toolchain]\nchannel = \"1.95.0\"\n");
}
