/// Bounds of a peer's inspection service.
#[derive(Clone, Debug)]
pub struct Config {
    /// How far a request's time may be from the peer's clock, in seconds.
    pub time_window_s: u64,
    /// Reads of ledgers at the same time; one more is refused.
    pub reads_max: usize,
    /// The program's version, for who asks.
    pub version: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            time_window_s: 15 * 60,
            reads_max: 16,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}
