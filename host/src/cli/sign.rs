//! `weft sign`: a signature over bytes, for calls that REST prepares and the caller signs.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::ErrorCode;
use msp::Signer as _;
use serde::Serialize;

use super::failure::Failure;
use super::file;
use super::global::Global;

/// What to sign.
#[derive(Debug, clap::Args)]
pub(super) struct SignArgs {
    /// The bytes to sign; `-` is stdin.
    file: file::Path,
    /// The file holds base64, as REST's `prepare` and `endorse` answer; sign what it stands for.
    #[arg(long)]
    base64: bool,
}

/// Who signed, and the signature. The identity's own texts are left out: they are in its certificate.
#[derive(Serialize)]
struct Signed {
    msp_id: String,
    /// SHA-256 of the bytes, hex: what REST shows as `digest`.
    digest: String,
    /// ECDSA in DER, the low one of the two possible S values, base64.
    signature: String,
}

impl fmt::Display for Signed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.signature)
    }
}

/// Signs with the profile's identity; no peer is asked.
pub(super) fn run(args: &SignArgs, global: &Global) -> anyhow::Result<()> {
    let mut bytes = args.file.read()?;
    if args.base64 {
        bytes = decode(&bytes)?;
    }
    let (client, profile) = global.client()?;
    let signature = client.identity().sign(&bytes)?;
    let signed = Signed {
        msp_id: profile.msp_id,
        digest: hex::encode(model::hash::sha256(&bytes)),
        signature: STANDARD.encode(signature),
    };
    global.output().value(&signed, ToString::to_string)?;
    Ok(())
}

/// Line breaks are no part of it: `jq` and `base64` write some.
fn decode(text: &[u8]) -> Result<Vec<u8>, Failure> {
    let letters = text.iter().filter(|byte| !byte.is_ascii_whitespace());
    let letters: Vec<u8> = letters.copied().collect();
    STANDARD.decode(letters).map_err(|error| {
        Failure::new(
            ErrorCode::UsageWrong,
            format!("the file does not hold base64: {error}"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn base64_is_taken_as_tools_write_it() {
        assert_eq!(decode(b"aGVs\nbG8=\r\n").unwrap(), b"hello");
        assert!(decode(b"not base64!").is_err());
    }
}
