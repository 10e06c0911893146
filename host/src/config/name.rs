//! Names that operators give to credentials and identities.

/// Bytes of such a name.
const NAME_BYTES_MAX: usize = 64;

/// Checks a name: it travels in headers, stands in logs and is typed by people.
///
/// # Errors
/// The rule, naming the name.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._@-".contains(&byte);
    let starts = name
        .bytes()
        .next()
        .is_some_and(|first| first.is_ascii_alphanumeric());
    if starts && name.len() <= NAME_BYTES_MAX && name.bytes().all(allowed) {
        return Ok(());
    }
    Err(format!(
        "'{name}' is not a name: a letter or digit, then letters, digits, '.', '_', '@' and '-', at most {NAME_BYTES_MAX}"
    ))
}
