//! What Weft takes from the environment of its process.

/// The environment as the compiler of contracts needs it.
pub(crate) fn toolchain_environment() -> toolchain::Environment {
    toolchain::Environment::new(std::env::vars_os())
}
