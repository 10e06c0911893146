//! The shell of a document.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::place::Place;

/// A block may compile a contract for the first time.
const BLOCK_TIMEOUT: Duration = Duration::from_secs(300);
/// Nodes drain for ten seconds at most.
const END_TIMEOUT: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(10);
/// What `weft dev` listens on.
const PORTS: [u16; 3] = [7050, 7051, 9051];
/// A word that is shorter than this before its `…` would stand for too much.
const PREFIX_LENGTH_MIN: usize = 3;

/// Where there is no network for each document, those that take the same ports run one after the other.
static PORTS_IN_USE: Mutex<()> = Mutex::new(());

/// One bash that runs block after block. All it started ends with it.
pub(crate) struct Session<'a> {
    place: &'a Place,
    shell: Child,
    blocks: usize,
    /// What each block prints, in their order.
    outputs: Vec<PathBuf>,
    _ports: Option<MutexGuard<'static, ()>>,
}

/// The files of a block: its commands, what they print, how they ended.
struct Files {
    commands: PathBuf,
    output: PathBuf,
    status: PathBuf,
}

impl<'a> Session<'a> {
    pub(crate) fn start(place: &'a Place) -> Self {
        let ports = (!place.has_own_network).then(wait_for_ports);
        let mut command = if place.has_own_network {
            let up = "(ip link set lo up || ifconfig lo up) && exec bash --norc --noprofile";
            let mut command = Command::new("unshare");
            command.args(["-rnpf", "--kill-child", "sh", "-c", up]);
            command
        } else {
            let mut command = Command::new("bash");
            command.args(["--norc", "--noprofile"]);
            command
        };
        let shell = command
            .current_dir(place.path())
            .env("XDG_CONFIG_HOME", place.own_file("config"))
            .env("NO_COLOR", "1")
            .env_remove("WEFT_PROFILE")
            .env_remove("WEFT_CONTEXT")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("bash starts");
        let mut session = Self {
            place,
            shell,
            blocks: 0,
            outputs: Vec::new(),
            _ports: ports,
        };
        // Should this test be killed, the shell sees the end of its input and takes all that it started with it. What goes
        // on in the background has a process group of its own, as at a terminal, where Ctrl-C reaches one command.
        session.send("export PATH=\"$PWD/target/debug:$PATH\"; GROUPS_STARTED=''");
        session.send("trap 'for g in $GROUPS_STARTED; do kill -TERM -- -$g; done; wait' EXIT");
        session
    }

    /// Runs commands that must all succeed.
    pub(crate) fn run(&mut self, text: &str) -> Result<(), String> {
        let (printed, succeeded) = self.block(text, "set -e; . \"$block\"; set +e")?;
        if succeeded {
            return Ok(());
        }
        let before = self.everything_printed();
        Err(format!(
            "a command failed; printed:\n{printed}\nprinted since the first block:\n{before}"
        ))
    }

    /// Runs a command; gives what it printed and whether it succeeded.
    pub(crate) fn run_whatever(&mut self, text: &str) -> Result<(String, bool), String> {
        self.block(text, ". \"$block\"")
    }

    fn block(&mut self, text: &str, how: &str) -> Result<(String, bool), String> {
        let files = self.files(text)?;
        self.send(&format!(
            "block='{}'; {{ {how}; }} >'{}' 2>&1 </dev/null; echo $? >'{}'",
            files.commands.display(),
            files.output.display(),
            files.status.display()
        ));
        let begun = Instant::now();
        let succeeded = loop {
            match fs::read_to_string(&files.status) {
                Ok(text) if text.ends_with('\n') => break text.trim() == "0",
                // Where a command fails under `set -e`, the shell ends.
                _ if self.has_ended() => break false,
                _ if begun.elapsed() < BLOCK_TIMEOUT => std::thread::sleep(PAUSE),
                _ => {
                    return Err(format!(
                        "it does not end; printed:\n{}",
                        self.everything_printed()
                    ));
                }
            }
        };
        Ok((read(&files.output), succeeded))
    }

    /// Starts commands that go on; returns once they have printed `until`.
    pub(crate) fn start_background(&mut self, text: &str, until: &str) -> Result<(), String> {
        let files = self.files(text)?;
        self.send(&format!(
            "set -m; {{ trap : TERM; (trap : TERM; set -e; . '{}'); echo $? >'{}'; }} >'{}' 2>&1 </dev/null & set +m; \
             GROUPS_STARTED=\"$GROUPS_STARTED $!\"",
            files.commands.display(),
            files.status.display(),
            files.output.display()
        ));
        let begun = Instant::now();
        while !read(&files.output).contains(until) {
            let is_over = files.status.exists() || self.has_ended();
            if is_over || begun.elapsed() > BLOCK_TIMEOUT {
                // What it printed at its very end counts too.
                let printed = read(&files.output);
                let what = if is_over { "ended and" } else { "goes on, but" };
                return if printed.contains(until) {
                    Ok(())
                } else {
                    Err(format!("it {what} never printed {until:?}:\n{printed}"))
                };
            }
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Ends all that goes on in the background, as Ctrl-C does at its terminals.
    pub(crate) fn interrupt(&mut self) -> Result<(), String> {
        // A shell without a terminal starts its background deaf to SIGINT; nodes take SIGTERM likewise.
        let end = "for g in $GROUPS_STARTED; do kill -TERM -- -$g; done; wait; GROUPS_STARTED=''";
        self.run_whatever(end).map(|_| ())
    }

    fn files(&mut self, text: &str) -> Result<Files, String> {
        self.blocks += 1;
        let file = |kind: &str| self.place.own_file(&format!("{:02}.{kind}", self.blocks));
        let files = Files {
            commands: file("sh"),
            output: file("out"),
            status: file("status"),
        };
        let pasted = paste(text, &self.everything_printed())?;
        fs::write(&files.commands, pasted + "\n").map_err(|error| error.to_string())?;
        self.outputs.push(files.output.clone());
        Ok(files)
    }

    fn everything_printed(&self) -> String {
        self.outputs.iter().map(|path| read(path)).collect()
    }

    fn send(&mut self, line: &str) {
        // A shell that has ended is noticed where its answer is waited for.
        if let Some(stdin) = &mut self.shell.stdin {
            let _ = writeln!(stdin, "{line}");
        }
    }

    fn has_ended(&mut self) -> bool {
        !matches!(self.shell.try_wait(), Ok(None))
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let begun = Instant::now();
        while !self.has_ended() && begun.elapsed() < END_TIMEOUT {
            std::thread::sleep(PAUSE);
        }
        // In a namespace of its own, what is left ends with the first process of it.
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

fn read(path: &std::path::Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}

/// Waits for the ports that documents name, and for the other documents.
fn wait_for_ports() -> MutexGuard<'static, ()> {
    let guard = PORTS_IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
    let begun = Instant::now();
    for port in PORTS {
        while let Err(error) = TcpListener::bind(("127.0.0.1", port)) {
            assert!(begun.elapsed() < END_TIMEOUT, "port {port}: {error}");
            std::thread::sleep(PAUSE);
        }
    }
    guard
}

/// Completes the words that end with `…` from what was printed.
fn paste(text: &str, printed: &str) -> Result<String, String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_-:+/=".contains(c);
    let mut pasted = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('…') {
        let from = before
            .rfind(|c| !is_part(c) || c == '=')
            .map_or(0, |at| at + 1);
        let prefix = &before[from..];
        let found = printed
            .split(|c| !is_part(c))
            .rfind(|word| word.len() > prefix.len() && word.starts_with(prefix));
        match found {
            Some(word) if prefix.len() >= PREFIX_LENGTH_MIN => {
                pasted.push_str(&before[..from]);
                pasted.push_str(word);
            }
            _ => return Err(format!("nothing was printed that begins with {prefix:?}")),
        }
        rest = after;
    }
    pasted.push_str(rest);
    Ok(pasted)
}

#[test]
fn what_was_printed_last_is_pasted() {
    let printed = "token: weft_old\nnew token: \"weft_A-b_9\".";
    assert_eq!(
        paste("export TOKEN=weft_…", printed).unwrap(),
        "export TOKEN=weft_A-b_9"
    );
    assert_eq!(
        paste("echo weft_… | cat", printed).unwrap(),
        "echo weft_A-b_9 | cat"
    );
    assert!(paste("echo nosuch…", printed).is_err() && paste("echo …", printed).is_err());
    assert_eq!(paste("nothing", printed).unwrap(), "nothing");
}
