//! The file of credentials: who may call the REST API. It holds hashes, so reading it gives nobody access.

mod edit;

use std::collections::BTreeSet;

use prost_types::Timestamp;
use rest::{Credential, CredentialKind};
use serde::Deserialize;

use super::name::check_name;
pub(crate) use edit::{NewCredential, add_credential, put_credential};

/// The file itself: YAML, unknown keys are errors.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    credentials: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// The name that logs and answers show.
    name: String,
    /// SHA-256 of a token, in hex.
    #[serde(default)]
    token_sha256: Option<String>,
    /// SHA-256 of a client certificate's DER, in hex; colons may stand between, as openssl prints them.
    #[serde(default)]
    certificate_sha256: Option<String>,
    /// The wallet's identities that its bearer may act by; the first one where none is asked for.
    #[serde(default)]
    identities: Vec<String>,
    /// When it ends, RFC 3339. Default: never.
    #[serde(default)]
    expires: Option<String>,
}

/// Reads the text of such a file; `known` tells the wallet's identities.
///
/// # Errors
/// What is wrong and where: not YAML, an unknown key, a name or a hash given twice, a hash or a time that is none, an
/// identity that is not in the wallet.
pub(crate) fn parse(text: &str, known: &dyn Fn(&str) -> bool) -> Result<Vec<Credential>, String> {
    let file: File = serde_yaml_ng::from_str(text).map_err(|error| harmless(&error))?;
    let (mut names, mut hashes) = (BTreeSet::new(), BTreeSet::new());
    let mut credentials = Vec::with_capacity(file.credentials.len());
    for entry in file.credentials {
        check_name(&entry.name)?;
        let name = entry.name.clone();
        let (hash, credential) = entry
            .read(known)
            .map_err(|wrong| format!("{name}: {wrong}"))?;
        if !hashes.insert(hash) {
            return Err(format!("{name}: its hash is another credential's, too"));
        }
        if !names.insert(name.clone()) {
            return Err(format!("there are two credentials '{name}'"));
        }
        credentials.push(credential);
    }
    Ok(credentials)
}

impl Entry {
    fn read(self, known: &dyn Fn(&str) -> bool) -> Result<([u8; 32], Credential), String> {
        let (sha256, kind) = match (&self.token_sha256, &self.certificate_sha256) {
            (Some(hash), None) => {
                let sha256 = digest("token_sha256", hash)?;
                (sha256, CredentialKind::Token(sha256))
            }
            (None, Some(hash)) => {
                let sha256 = digest("certificate_sha256", &hash.replace(':', ""))?;
                (sha256, CredentialKind::Certificate(sha256))
            }
            _ => return Err("either token_sha256 or certificate_sha256 is needed".to_owned()),
        };
        if let Some(other) = self.identities.iter().find(|name| !known(name)) {
            return Err(format!("identity '{other}' is not in rest.wallet"));
        }
        let credential = Credential {
            name: self.name,
            kind,
            identities: self.identities,
            expires_at: self.expires.as_deref().map(unix_seconds).transpose()?,
        };
        Ok((sha256, credential))
    }
}

/// What the parser says, unless it quotes what stands in the file: that could be a token in the wrong place.
fn harmless(error: &serde_yaml_ng::Error) -> String {
    let text = error.to_string();
    let names_keys = ["unknown field", "missing field", "duplicate field"];
    if names_keys.iter().any(|beginning| text.contains(beginning)) {
        return text;
    }
    error.location().map_or_else(
        || "it is not YAML of the expected form".to_owned(),
        |at| {
            format!(
                "line {} column {}: not what is expected there",
                at.line(),
                at.column()
            )
        },
    )
}

fn digest(key: &str, text: &str) -> Result<[u8; 32], String> {
    let mut digest = [0; 32];
    hex::decode_to_slice(text, &mut digest)
        .map_err(|_| format!("{key} is not a SHA-256 of 64 hexadecimal digits"))?;
    Ok(digest)
}

/// The unix time of an RFC 3339 text, in seconds.
///
/// # Errors
/// The text is no such time.
pub(crate) fn unix_seconds(text: &str) -> Result<i64, String> {
    let wrong = || format!("'{text}' is not a time such as 2027-01-31T12:00:00Z");
    let (_, clock) = text.split_once('T').ok_or_else(wrong)?;
    // Without one it would be read as UTC, which is not what its writer meant everywhere.
    if !clock.contains(['Z', '+', '-']) {
        return Err(wrong());
    }
    let time: Timestamp = text.parse().map_err(|_| wrong())?;
    Ok(time.seconds)
}

#[cfg(test)]
mod tests {
    use super::{parse, unix_seconds};
    use expect_test::{Expect, expect};

    const HASH: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn check(text: &str, expect: Expect) {
        let text = text.replace("HASH", HASH);
        let known = |name: &str| name == "user" || name == "admin";
        let said = match parse(&text, &known) {
            Ok(credentials) => format!("{} credentials", credentials.len()),
            Err(wrong) => wrong,
        };
        expect.assert_eq(&said);
    }

    #[test]
    fn a_credential_is_a_token_or_a_certificate() {
        let colons: Vec<String> = HASH
            .to_uppercase()
            .as_bytes()
            .chunks(2)
            .map(|pair| String::from_utf8_lossy(pair).into_owned())
            .collect();
        let other = colons.join(":").replace("BA:", "BB:");
        check(
            &format!(
                "credentials:\n- {{name: a, token_sha256: HASH, identities: [user, admin]}}\n\
                 - {{name: b, certificate_sha256: '{other}', expires: 2027-01-01T00:00:00Z}}\n"
            ),
            expect!["2 credentials"],
        );
        check("credentials: []", expect!["0 credentials"]);
        check(
            "credentials: [{name: a}]",
            expect!["a: either token_sha256 or certificate_sha256 is needed"],
        );
        check(
            "credentials: [{name: a, token_sha256: HASH, certificate_sha256: HASH}]",
            expect!["a: either token_sha256 or certificate_sha256 is needed"],
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        check(
            "credentials: [{name: a, token: secret}]",
            expect![
                "credentials[0]: unknown field `token`, expected one of `name`, `token_sha256`, `certificate_sha256`, `identities`, `expires` at line 1 column 25"
            ],
        );
        check(
            "credentials: weft_secret",
            expect!["line 1 column 14: not what is expected there"],
        );
        check(
            "credentials:\n- name: [weft_secret]",
            expect!["line 2 column 9: not what is expected there"],
        );
        check(
            "credentials: {",
            expect!["line 1 column 14: not what is expected there"],
        );
        check(
            "credential: []",
            expect!["unknown field `credential`, expected `credentials`"],
        );
        check(
            "credentials: [{name: a, token_sha256: abc}]",
            expect!["a: token_sha256 is not a SHA-256 of 64 hexadecimal digits"],
        );
        check(
            "credentials: [{name: 'a b', token_sha256: HASH}]",
            expect![
                "'a b' is not a name: a letter or digit, then letters, digits, '.', '_', '@' and '-', at most 64"
            ],
        );
        check(
            "credentials: [{name: a, token_sha256: HASH, identities: [user, root]}]",
            expect!["a: identity 'root' is not in rest.wallet"],
        );
        check(
            "credentials: [{name: a, token_sha256: HASH}, {name: b, token_sha256: HASH}]",
            expect!["b: its hash is another credential's, too"],
        );
        check(
            "credentials: [{name: a, token_sha256: HASH, expires: tomorrow}]",
            expect!["a: 'tomorrow' is not a time such as 2027-01-31T12:00:00Z"],
        );
    }

    #[test]
    fn times_are_read_with_their_offset() {
        assert_eq!(unix_seconds("1970-01-01T00:01:00Z"), Ok(60));
        assert_eq!(unix_seconds("1970-01-01T01:00:00+01:00"), Ok(0));
        for wrong in [
            "",
            "1970-01-01",
            "1970-13-01T00:00:00Z",
            "T",
            "1970-01-01T00:00:00",
        ] {
            assert!(unix_seconds(wrong).is_err(), "{wrong}");
        }
    }
}
