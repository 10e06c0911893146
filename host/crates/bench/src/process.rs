use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::Error;

/// Ticks of `/proc/PID/stat` in a second: the kernel shows times to programs in hundredths on every common architecture.
const TICKS_PER_S: f64 = 100.0;
/// Deepest folder that is looked into; nothing that is measured nests like this.
const DEPTH_MAX: usize = 64;
/// What `st_blocks` counts in.
const DISK_BLOCK_BYTES: u64 = 512;

/// Seconds of processor time that a process has used so far, its threads' included, in user and kernel mode.
pub(crate) fn cpu_s(pid: u32) -> Result<f64, Error> {
    let path = PathBuf::from(format!("/proc/{pid}/stat"));
    let text = read(&path)?;
    cpu_ticks(&text).map(seconds).ok_or(Error::Form { path })
}

/// Seconds that all processors of the machine have worked so far, and those that the hypervisor kept from it.
pub(crate) fn machine_busy_s() -> Result<(f64, f64), Error> {
    let path = PathBuf::from("/proc/stat");
    let text = read(&path)?;
    let busy = busy_ticks(&text).ok_or(Error::Form { path })?;
    Ok((seconds(busy.0), seconds(busy.1)))
}

/// Bytes of memory that a process alone has, without files that it has mapped: RssAnon.
pub(crate) fn rss_anon_bytes(pid: u32) -> Result<u64, Error> {
    let path = PathBuf::from(format!("/proc/{pid}/status"));
    let text = read(&path)?;
    let kilobytes = text.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let number = kilobytes.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    number
        .map(|kilobytes| kilobytes * 1024)
        .ok_or(Error::Form { path })
}

/// Bytes that the files of a folder take on the disk. Links are not followed; a file that vanishes meanwhile has none.
pub(crate) fn disk_bytes(folder: &Path) -> Result<u64, Error> {
    let watch = |source| Error::Watch {
        path: folder.to_owned(),
        source,
    };
    fs::read_dir(folder).map_err(watch)?;
    below(folder, DEPTH_MAX).map_err(watch)
}

fn below(folder: &Path, depth: usize) -> io::Result<u64> {
    let mut bytes = 0;
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let metadata = match entry.metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            metadata => metadata?,
        };
        bytes += metadata.blocks() * DISK_BLOCK_BYTES;
        if metadata.is_dir() && depth > 0 {
            bytes += below(&entry.path(), depth - 1)?;
        }
    }
    Ok(bytes)
}

pub(crate) fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|source| Error::Watch {
        path: path.to_owned(),
        source,
    })
}

/// `utime` and `stime` of a `stat` file, fields 14 and 15 (`man 5 proc`). The name, field 2, may hold spaces and
/// parentheses, so counting begins behind the last one.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, behind) = stat.rsplit_once(')')?;
    let mut fields = behind.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let kernel: u64 = fields.next()?.parse().ok()?;
    Some(user + kernel)
}

/// Working and stolen ticks of the first line of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal.
fn busy_ticks(stat: &str) -> Option<(u64, u64)> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let fields: Vec<u64> = line
        .split_whitespace()
        .map_while(|field| field.parse().ok())
        .collect();
    let [user, nice, system, _idle, _iowait, irq, softirq, steal, ..] = fields[..] else {
        return None;
    };
    Some((user + nice + system + irq + softirq, steal))
}

fn seconds(ticks: u64) -> f64 {
    ticks as f64 / TICKS_PER_S
}

#[cfg(test)]
mod tests {
    use super::{busy_ticks, cpu_s, cpu_ticks, disk_bytes, machine_busy_s, rss_anon_bytes};

    #[test]
    fn a_process_name_may_hold_anything() {
        let behind = "S 1 2 3 4 5 6 7 8 9 10 150 25 0 0 20 0 1 0";
        assert_eq!(cpu_ticks(&format!("12 (weft) {behind}")), Some(175));
        assert_eq!(
            cpu_ticks(&format!("12 (a) b (c 7 7 7 7 7) {behind}")),
            Some(175)
        );
        assert_eq!(cpu_ticks("12 (weft) S 1"), None);
    }

    #[test]
    fn waiting_is_not_working_and_stolen_time_stands_apart() {
        let stat = "cpu  10 1 5 1000 200 2 3 40 0 0\ncpu0 1 1 1 1 1 1 1 1\n";
        assert_eq!(busy_ticks(stat), Some((21, 40)));
        assert_eq!(busy_ticks("cpu0 1 2"), None);
    }

    #[test]
    fn this_process_and_machine_can_be_read_and_one_that_is_not_there_is_named() {
        let own = std::process::id();
        assert!(cpu_s(own).unwrap() >= 0.0);
        assert!(machine_busy_s().unwrap().0 > 0.0);
        assert!(rss_anon_bytes(own).unwrap() > 1024);
        let missing = cpu_s(u32::MAX).unwrap_err().to_string();
        assert_eq!(missing, format!("cannot read /proc/{}/stat", u32::MAX));
    }

    #[test]
    fn the_files_of_all_levels_count() {
        let folder = tempfile::tempdir().unwrap();
        let before = disk_bytes(folder.path()).unwrap();
        std::fs::create_dir(folder.path().join("deep")).unwrap();
        std::fs::write(folder.path().join("deep/file"), vec![7; 100_000]).unwrap();
        assert!(disk_bytes(folder.path()).unwrap() >= before + 100_000);
        assert!(disk_bytes(&folder.path().join("missing")).is_err());
    }
}
