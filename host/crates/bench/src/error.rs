use std::io;
use std::path::PathBuf;

use crate::Stage;

/// Why nothing was measured. Failures of calls during the run are counted, not returned.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The settings contradict each other or leave nothing to do.
    #[error("{0}")]
    Config(String),
    /// The gateway can never be reached as described.
    #[error("cannot connect")]
    Dial(#[from] services::DialError),
    /// The identity cannot sign.
    #[error("cannot sign")]
    Sign(#[from] msp::Error),
    /// The one call that is made before the load failed.
    #[error("the first call failed ({stage}, {code}): {message}")]
    Trial {
        /// Which of its requests.
        stage: Stage,
        /// The error's or the validation's code.
        code: String,
        /// What the gateway said.
        message: String,
        /// Its answer in full, unless that was about an invalid transaction.
        status: Option<Box<tonic::Status>>,
    },
    /// All calls that were asked for had ended before the warm-up had.
    #[error("all calls had ended before the warm-up was over, so none was counted")]
    EndedInWarmUp,
    /// A process that is watched cannot be read: it ended, or there is no `/proc`.
    #[error("cannot read {}", path.display())]
    Watch {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file of `/proc` does not look as on Linux.
    #[error("{} is not in the form that Linux writes", path.display())]
    Form {
        /// The file.
        path: PathBuf,
    },
    /// A client's task ended by a panic.
    #[error("a client of the generator died")]
    Died(#[source] tokio::task::JoinError),
    /// No histogram of the wanted size.
    #[error("cannot make a histogram")]
    Histogram(#[from] hdrhistogram::CreationError),
}
