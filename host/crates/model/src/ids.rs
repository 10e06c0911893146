use std::{borrow::Borrow, fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::hash::sha256_of;

/// Longest channel id, in bytes (Fabric: common/configtx/validator.go).
const CHANNEL_ID_BYTES_MAX: usize = 249;
/// Longest MSP id, in bytes; ours, equal to the longest name of a configuration element.
const MSP_ID_BYTES_MAX: usize = 249;
/// Longest chaincode name, in bytes; ours, Fabric has none.
const CHAINCODE_NAME_BYTES_MAX: usize = 249;

/// Chaincode names that nobody may define: they are, or were, built into Fabric's peer.
const RESERVED_CHAINCODE_NAMES: [&str; 5] = ["cscc", "escc", "lscc", "qscc", "vscc"];

/// Why a text is not the id it should be. The texts name the rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Nothing where a name must be.
    #[error("{kind} is empty")]
    Empty {
        /// What the text should have been.
        kind: &'static str,
    },
    /// More bytes than the limit.
    #[error("{kind} has {bytes} bytes, more than {bytes_max}")]
    TooLong {
        /// What the text should have been.
        kind: &'static str,
        /// Its length.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// A character the rule does not allow.
    #[error("{kind} {text:?} does not fit the rule: {rule}")]
    Malformed {
        /// What the text should have been.
        kind: &'static str,
        /// The text, at most as long as the limit for its kind.
        text: String,
        /// The rule in words.
        rule: &'static str,
    },
    /// A name kept for the peer's own chaincodes.
    #[error("chaincode name {text:?} is reserved")]
    Reserved {
        /// The name.
        text: String,
    },
}

/// Declares a checked name: a shared string that only its `parse` makes.
macro_rules! checked_name {
    ($(#[$doc:meta])* $name:ident, $check:path) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks `text` against the rule and keeps it.
            ///
            /// # Errors
            /// The text breaks the rule; see [`IdError`].
            pub fn parse(text: &str) -> Result<Self, IdError> {
                $check(text)?;
                Ok(Self(text.into()))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.as_str().to_owned()
            }
        }
    };
}

checked_name!(
    /// A channel's name: a lower-case letter, then lower-case letters, digits, dots and dashes; at most 249 bytes.
    ChannelId,
    check_channel_id
);
checked_name!(
    /// The name of a chaincode that can be defined on a channel: letters and digits in groups, single dashes and
    /// underscores between them, and none of the reserved names.
    ///
    /// Names to *invoke* are wider (`_lifecycle`, `qscc`), and Fabric checks them only by looking them up: a
    /// [`Proposal`](crate::Proposal) gives them as plain text.
    ChaincodeName,
    check_chaincode_name
);
checked_name!(
    /// The name of a membership service provider, and so of an organisation: any text without control characters, not
    /// empty, at most 249 bytes. Fabric asks only that it is not empty.
    MspId,
    check_msp_id
);
checked_name!(
    /// A transaction id as it must be: 64 lower-case hex digits, the SHA-256 of nonce and creator.
    ///
    /// A foreign transaction may state anything in its header; that is plain text until it was compared with
    /// [`TxId::compute`].
    TxId,
    check_tx_id
);

impl TxId {
    /// The id of the transaction that `creator` (a marshalled `SerializedIdentity`) proposes with `nonce`.
    pub fn compute(nonce: &[u8], creator: &[u8]) -> Self {
        Self(hex::encode(sha256_of([nonce, creator])).into())
    }
}

fn check_channel_id(text: &str) -> Result<(), IdError> {
    let kind = "channel id";
    check_length(kind, text, CHANNEL_ID_BYTES_MAX)?;
    let starts_well = text.starts_with(|first: char| first.is_ascii_lowercase());
    let allowed = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-')
    };
    if starts_well && text.bytes().all(allowed) {
        return Ok(());
    }
    let rule = "a lower-case letter first, then lower-case letters, digits, dots and dashes";
    Err(malformed(kind, text, rule))
}

fn check_chaincode_name(text: &str) -> Result<(), IdError> {
    let kind = "chaincode name";
    check_length(kind, text, CHAINCODE_NAME_BYTES_MAX)?;
    let mut groups = text.split(['-', '_']);
    if !groups
        .all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    {
        let rule = "letters and digits, with single dashes or underscores between them";
        return Err(malformed(kind, text, rule));
    }
    if RESERVED_CHAINCODE_NAMES.contains(&text) {
        return Err(IdError::Reserved {
            text: text.to_owned(),
        });
    }
    Ok(())
}

fn check_msp_id(text: &str) -> Result<(), IdError> {
    let kind = "MSP id";
    check_length(kind, text, MSP_ID_BYTES_MAX)?;
    if text.contains(char::is_control) {
        return Err(malformed(kind, text, "no control characters"));
    }
    Ok(())
}

fn check_tx_id(text: &str) -> Result<(), IdError> {
    let kind = "transaction id";
    check_length(kind, text, 64)?;
    let digits = text
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if text.len() != 64 || !digits {
        return Err(malformed(kind, text, "64 lower-case hex digits"));
    }
    Ok(())
}

fn check_length(kind: &'static str, text: &str, bytes_max: usize) -> Result<(), IdError> {
    match text.len() {
        0 => Err(IdError::Empty { kind }),
        bytes if bytes > bytes_max => Err(IdError::TooLong {
            kind,
            bytes,
            bytes_max,
        }),
        _ => Ok(()),
    }
}

fn malformed(kind: &'static str, text: &str, rule: &'static str) -> IdError {
    IdError::Malformed {
        kind,
        text: text.to_owned(),
        rule,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check<T: fmt::Display>(parse: fn(&str) -> Result<T, IdError>, text: &str, expected: Expect) {
        let outcome = match parse(text) {
            Ok(name) => format!("ok {name}"),
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&outcome);
    }

    #[test]
    fn channel_ids_follow_fabric_s_rule() {
        let parse = ChannelId::parse;
        check(parse, "ch1", expect!["ok ch1"]);
        check(parse, "a.b-c.9", expect!["ok a.b-c.9"]);
        check(parse, "", expect!["channel id is empty"]);
        check(
            parse,
            "Ch",
            expect![[
                r#"channel id "Ch" does not fit the rule: a lower-case letter first, then lower-case letters, digits, dots and dashes"#
            ]],
        );
        check(
            parse,
            "9a",
            expect![[
                r#"channel id "9a" does not fit the rule: a lower-case letter first, then lower-case letters, digits, dots and dashes"#
            ]],
        );
        check(
            parse,
            "a_b",
            expect![[
                r#"channel id "a_b" does not fit the rule: a lower-case letter first, then lower-case letters, digits, dots and dashes"#
            ]],
        );
        check(
            parse,
            "a\n",
            expect![[
                r#"channel id "a\n" does not fit the rule: a lower-case letter first, then lower-case letters, digits, dots and dashes"#
            ]],
        );
        check(
            parse,
            &"a".repeat(250),
            expect!["channel id has 250 bytes, more than 249"],
        );
        assert!(parse(&"a".repeat(249)).is_ok());
    }

    #[test]
    fn chaincode_names_follow_fabric_s_rule() {
        let parse = ChaincodeName::parse;
        check(parse, "asset-transfer_2", expect!["ok asset-transfer_2"]);
        check(
            parse,
            "a--b",
            expect![[
                r#"chaincode name "a--b" does not fit the rule: letters and digits, with single dashes or underscores between them"#
            ]],
        );
        check(
            parse,
            "_lifecycle",
            expect![[
                r#"chaincode name "_lifecycle" does not fit the rule: letters and digits, with single dashes or underscores between them"#
            ]],
        );
        check(
            parse,
            "a-",
            expect![[
                r#"chaincode name "a-" does not fit the rule: letters and digits, with single dashes or underscores between them"#
            ]],
        );
        check(
            parse,
            "ä",
            expect![[
                r#"chaincode name "ä" does not fit the rule: letters and digits, with single dashes or underscores between them"#
            ]],
        );
        check(
            parse,
            "qscc",
            expect![r#"chaincode name "qscc" is reserved"#],
        );
        check(parse, "", expect!["chaincode name is empty"]);
    }

    #[test]
    fn msp_ids_are_any_text_of_one_line() {
        check(MspId::parse, "Org1MSP", expect!["ok Org1MSP"]);
        check(MspId::parse, "org 1/ä", expect!["ok org 1/ä"]);
        check(MspId::parse, "", expect!["MSP id is empty"]);
        check(
            MspId::parse,
            "a\0b",
            expect![[r#"MSP id "a\0b" does not fit the rule: no control characters"#]],
        );
    }

    #[test]
    fn a_tx_id_is_the_hash_of_nonce_then_creator() {
        let computed = TxId::compute(b"nonce", b"creator");
        expect!["709184f9d24f6ade8fcd4d6521a6eef295fef6c2e67216c58b68ac15e8946492"]
            .assert_eq(computed.as_str());
        assert_eq!(TxId::parse(computed.as_str()), Ok(computed.clone()));
        assert_ne!(TxId::compute(b"creator", b"nonce"), computed);
        let upper = computed.as_str().to_uppercase();
        assert!(TxId::parse(&upper).is_err());
        assert!(TxId::parse(computed.as_str().split_at(63).0).is_err());
    }

    #[test]
    fn names_pass_through_json_with_their_check() {
        let channel = ChannelId::parse("ch1").unwrap();
        let json = serde_json::to_string(&channel).unwrap();
        assert_eq!(json, r#""ch1""#);
        assert_eq!(serde_json::from_str::<ChannelId>(&json).unwrap(), channel);
        assert!(serde_json::from_str::<ChannelId>(r#""Not A Channel""#).is_err());
    }
}
