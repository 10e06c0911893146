use std::fs;
use std::path::Path;

use serde::Serialize;

/// The machine that a run was made on. What cannot be read stays empty.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// How many of its threads this process may use.
    pub cores: usize,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// The kernel's release.
    pub kernel: String,
    /// Load averages over 1, 5 and 15 minutes before the run, as the kernel writes them.
    pub load_before: String,
}

impl Machine {
    /// Reads the machine's own description, now.
    pub(crate) fn read() -> Self {
        let text = |path: &str| fs::read_to_string(Path::new(path)).unwrap_or_default();
        let memory = after(&text("/proc/meminfo"), "MemTotal");
        let kilobytes: u64 = memory.trim_end_matches("kB").trim().parse().unwrap_or(0);
        let load = text("/proc/loadavg");
        Self {
            processor: after(&text("/proc/cpuinfo"), "model name"),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_bytes: kilobytes * 1024,
            kernel: text("/proc/sys/kernel/osrelease").trim().to_owned(),
            load_before: load
                .split_whitespace()
                .take(3)
                .collect::<Vec<_>>()
                .join(" "),
        }
    }
}

/// What stands behind a name and a colon in the first such line.
fn after(text: &str, name: &str) -> String {
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let mut of_name = lines.filter(|(key, _)| key.trim() == name);
    of_name
        .next()
        .map_or_else(String::new, |(_, value)| value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Machine, after};

    #[test]
    fn the_first_line_of_a_name_counts() {
        assert_eq!(
            after("a: 1\nmodel name\t: X 2\nmodel name: Y\n", "model name"),
            "X 2"
        );
        assert_eq!(after("a: 1\n", "b"), "");
    }

    #[test]
    fn this_machine_has_memory_cores_and_a_kernel() {
        let machine = Machine::read();
        assert!(machine.cores > 0 && machine.memory_bytes > 1 << 20 && !machine.kernel.is_empty());
    }
}
