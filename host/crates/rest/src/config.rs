//! Bounds of a peer's REST API.

/// Bounds of a peer's REST API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// How long a submission waits for its commit before it is answered with 202, in milliseconds.
    pub commit_wait_ms: u64,
    /// Largest body of a JSON request, in bytes.
    pub body_bytes_max: usize,
    /// Largest chaincode package or block in a body, in bytes. Not more than the endorser takes.
    pub upload_bytes_max: usize,
    /// Bytes of all bodies held at one time; a request that would pass it is told to come back.
    pub bodies_bytes_max: usize,
    /// How long a body may take to arrive, in milliseconds.
    pub body_timeout_ms: u64,
    /// Bytes of a request's path and query.
    pub uri_bytes_max: usize,
    /// Event streams open at one time.
    pub event_streams_max: usize,
}

impl Default for Config {
    /// 30 s for a commit; 16 MiB of JSON and 100 MiB of package, 512 MiB together, within 30 s; 16 KiB of path; 256 streams.
    fn default() -> Self {
        Self {
            commit_wait_ms: 30_000,
            body_bytes_max: 16 * 1024 * 1024,
            upload_bytes_max: 100 * 1024 * 1024,
            bodies_bytes_max: 512 * 1024 * 1024,
            body_timeout_ms: 30_000,
            uri_bytes_max: 16 * 1024,
            event_streams_max: 256,
        }
    }
}
