use std::time::Duration;

use crate::report::{FolderUse, ProcessUse};
use crate::{Error, Watch, Watched, process};

/// How often memory is looked at.
pub(crate) const MEMORY_INTERVAL: Duration = Duration::from_secs(1);
/// Name of the generator in the report.
const GENERATOR: &str = "generator";

/// The counters of everything that is watched, at one moment.
struct Sample {
    cpu_s: Vec<f64>,
    disk_bytes: Vec<u64>,
    busy_s: (f64, f64),
}

/// Looks at processes and folders from the beginning of the window to its end.
pub(crate) struct Watching {
    processes: Vec<Watched<u32>>,
    watch: Watch,
    before: Sample,
    rss_anon_bytes_max: Vec<u64>,
}

/// What the window cost.
pub(crate) struct Costs {
    pub(crate) processes: Vec<ProcessUse>,
    pub(crate) generator: ProcessUse,
    pub(crate) folders: Vec<FolderUse>,
    pub(crate) machine_busy_s: f64,
    pub(crate) machine_stolen_s: f64,
}

impl Watching {
    /// Begins now.
    ///
    /// # Errors
    /// [`Error::Watch`], [`Error::Form`].
    pub(crate) fn begin(watch: &Watch) -> Result<Self, Error> {
        let generator = Watched {
            name: GENERATOR.to_owned(),
            what: std::process::id(),
        };
        let processes: Vec<_> = [generator]
            .into_iter()
            .chain(watch.processes.clone())
            .collect();
        let mut watching = Self {
            rss_anon_bytes_max: vec![0; processes.len()],
            before: sample(&processes, watch)?,
            processes,
            watch: watch.clone(),
        };
        watching.look_at_memory()?;
        Ok(watching)
    }

    /// Notes how much memory the processes have at this moment.
    ///
    /// # Errors
    /// [`Error::Watch`], [`Error::Form`].
    pub(crate) fn look_at_memory(&mut self) -> Result<(), Error> {
        for (process, most) in self.processes.iter().zip(&mut self.rss_anon_bytes_max) {
            *most = (*most).max(process::rss_anon_bytes(process.what)?);
        }
        Ok(())
    }

    /// Ends now.
    ///
    /// # Errors
    /// [`Error::Watch`], [`Error::Form`].
    pub(crate) fn end(mut self) -> Result<Costs, Error> {
        self.look_at_memory()?;
        let after = sample(&self.processes, &self.watch)?;
        let cpu = self.before.cpu_s.iter().zip(&after.cpu_s);
        let uses = self.processes.iter().zip(cpu).zip(&self.rss_anon_bytes_max);
        let mut uses = uses.map(|((process, (before, after)), most)| ProcessUse {
            name: process.name.clone(),
            pid: process.what,
            cpu_s: after - before,
            rss_anon_bytes_max: *most,
        });
        let generator = uses.next().unwrap_or_default();
        let processes = uses.collect();
        let bytes = self.before.disk_bytes.iter().zip(&after.disk_bytes);
        let folders = self.watch.folders.iter().zip(bytes);
        let folders = folders.map(|(folder, (before, after))| FolderUse {
            name: folder.name.clone(),
            bytes_before: *before,
            bytes_after: *after,
        });
        Ok(Costs {
            processes,
            generator,
            folders: folders.collect(),
            machine_busy_s: after.busy_s.0 - self.before.busy_s.0,
            machine_stolen_s: after.busy_s.1 - self.before.busy_s.1,
        })
    }
}

fn sample(processes: &[Watched<u32>], watch: &Watch) -> Result<Sample, Error> {
    let disk_bytes = watch
        .folders
        .iter()
        .map(|folder| process::disk_bytes(&folder.what));
    let disk_bytes = disk_bytes.collect::<Result<_, Error>>()?;
    let cpu_s = processes.iter().map(|process| process::cpu_s(process.what));
    Ok(Sample {
        cpu_s: cpu_s.collect::<Result<_, Error>>()?,
        disk_bytes,
        busy_s: process::machine_busy_s()?,
    })
}
