//! Validation codes in words, and as the bytes of a block's transaction filter.

use crate::TxValidationCode;

/// The code's published name, as in `MVCC_READ_CONFLICT`.
pub fn name(code: TxValidationCode) -> &'static str {
    code.as_str_name()
}

/// The code that a byte of the transaction filter stands for; `None` if no code has that number.
pub fn from_byte(byte: u8) -> Option<TxValidationCode> {
    TxValidationCode::try_from(i32::from(byte)).ok()
}

/// The byte that stands for `code` in the transaction filter.
#[expect(
    clippy::expect_used,
    reason = "the enum's largest number is 255; a test goes through all of them"
)]
pub fn to_byte(code: TxValidationCode) -> u8 {
    u8::try_from(i32::from(code)).expect("every code fits the filter's byte")
}

/// What is known of a code, whatever the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// What happened to the transaction, in one sentence for a person.
    pub words: &'static str,
    /// What to do next.
    pub advice: &'static str,
    /// Why no transaction that is committed here gets the code; `None` if one may.
    pub never: Option<&'static str>,
}

/// What happened to the transaction, in one sentence for a person.
pub fn words(code: TxValidationCode) -> &'static str {
    meaning(code).words
}

/// What is known of the code: the one table of it.
#[expect(clippy::too_many_lines, reason = "a table")]
pub fn meaning(code: TxValidationCode) -> Meaning {
    use TxValidationCode as C;
    match code {
        C::Valid => may(
            "The transaction is valid and its writes are in the state.",
            "Nothing is to be done.",
        ),
        C::NilEnvelope => never(
            "The block entry is empty.",
            "Nothing: no block of a network of today has it.",
            "a block with an empty entry is refused",
        ),
        C::BadPayload => may(
            "The envelope's payload cannot be decoded.",
            "Correct the client that made the envelope and submit a new transaction.",
        ),
        C::BadCommonHeader => may(
            "A header is missing, cannot be decoded, or has a wrong type, an epoch, no nonce or no creator.",
            "Correct the client that made the headers and submit a new transaction.",
        ),
        C::BadCreatorSignature => may(
            "The creator is not an identity of this channel, or the signature over the transaction is not the creator's.",
            "Submit a new transaction, signed by a valid identity of one of the channel's organisations.",
        ),
        C::InvalidEndorserTransaction => may(
            "The transaction cannot be decoded, has not exactly one action, or its proposal hash is wrong.",
            "Correct the client that put the transaction together and submit a new one.",
        ),
        C::InvalidConfigTransaction => may(
            "The configuration transaction is not acceptable.",
            "Have the configuration update signed and submitted again.",
        ),
        C::UnsupportedTxPayload => may(
            "The envelope holds something that is not ordered by itself, such as a bare configuration update.",
            "Send configuration updates to an orderer, which puts them into a configuration.",
        ),
        C::BadProposalTxid => may(
            "The transaction id is not the hash of nonce and creator.",
            "Correct the client that made the id and submit a new transaction.",
        ),
        C::DuplicateTxid => may(
            "A transaction with the same id is already in the ledger.",
            "Look at the first transaction of this id: it decides; use a new nonce for anything new.",
        ),
        C::EndorsementPolicyFailure => may(
            "The endorsements do not satisfy the policy of something the transaction writes.",
            "Have it endorsed again, by the organisations whose signature is lacking too, and submit it as a new transaction.",
        ),
        C::MvccReadConflict => may(
            "A key that the transaction read was changed by another transaction before this one was committed.",
            "Submit the call again as a new transaction: it will read the present state.",
        ),
        C::PhantomReadConflict => may(
            "A range that the transaction read has other members or versions now than when it was endorsed.",
            "Submit the call again as a new transaction; let it read a smaller range if this comes often.",
        ),
        C::UnknownTxType => never(
            "The envelope's type is not one that can be committed.",
            "Nothing: no block of a network of today has it.",
            "a type that cannot be committed is BAD_COMMON_HEADER",
        ),
        C::TargetChainNotFound => never(
            "The transaction names a channel that this peer does not have.",
            "Nothing: no block of a network of today has it.",
            "a transaction of another channel is BAD_CREATOR_SIGNATURE, as its creator is not known here",
        ),
        C::MarshalTxError => never(
            "The envelope cannot be encoded again.",
            "Nothing: no block of a network of today has it.",
            "entries are kept as received and never encoded again",
        ),
        C::NilTxaction => never(
            "The transaction has no action.",
            "Nothing: no block of a network of today has it.",
            "a transaction without an action is INVALID_ENDORSER_TRANSACTION",
        ),
        C::ExpiredChaincode => never(
            "The chaincode definition that the transaction was endorsed under is no longer in force.",
            "Nothing: no block of a network of today has it.",
            "it belonged to the lifecycle before Fabric 2.0; a definition of another sequence shows as a read conflict",
        ),
        C::ChaincodeVersionConflict => never(
            "The transaction was endorsed by another version of the chaincode.",
            "Nothing: no block of a network of today has it.",
            "it belonged to the lifecycle before Fabric 2.0; the version that endorsers state may be anything but empty",
        ),
        C::BadHeaderExtension => may(
            "The channel header's chaincode extension cannot be decoded.",
            "Correct the client that made the header and submit a new transaction.",
        ),
        C::BadChannelHeader => never(
            "The channel header is not acceptable.",
            "Nothing: no block of a network of today has it.",
            "a wrong channel header is BAD_COMMON_HEADER",
        ),
        C::BadResponsePayload => may(
            "The endorsed result is missing or cannot be decoded.",
            "Look at the peers that endorsed it: what they signed is no result.",
        ),
        C::BadRwset => may(
            "The read-write set cannot be decoded.",
            "Look at the peers that endorsed it: what they signed is no read-write set.",
        ),
        C::IllegalWriteset => may(
            "The read-write set names a namespace twice.",
            "Look at the peers that endorsed it: what they signed is no legal read-write set.",
        ),
        C::InvalidWriteset => never(
            "The state database refuses a key or value of the write set.",
            "Nothing: no block committed here has it.",
            "this peer's state takes every key and value; Fabric gives it for keys that CouchDB refuses",
        ),
        C::InvalidChaincode => may(
            "A chaincode that the transaction names or writes to is not defined, or its name or version is wrong.",
            "Have the chaincode approved and committed on the channel, or correct the name, and submit a new transaction.",
        ),
        C::NotValidated => never(
            "The transaction has not been validated yet.",
            "Wait until the peer has committed the block.",
            "a block is committed with all its transactions validated",
        ),
        C::InvalidOtherReason => may(
            "The transaction is invalid for a reason without a code of its own, such as an event of another chaincode.",
            "Correct what is named as the cause and submit a new transaction.",
        ),
    }
}

fn may(words: &'static str, advice: &'static str) -> Meaning {
    Meaning {
        words,
        advice,
        never: None,
    }
}

fn never(words: &'static str, advice: &'static str, why: &'static str) -> Meaning {
    Meaning {
        never: Some(why),
        ..may(words, advice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_byte_that_leads_back_to_it_and_words_of_its_own() {
        let codes: Vec<_> = (0..=u8::MAX).filter_map(from_byte).collect();
        assert_eq!(codes.len(), 28);
        let mut sentences = std::collections::BTreeSet::new();
        for code in codes {
            assert_eq!(from_byte(to_byte(code)), Some(code));
            assert!(words(code).ends_with('.'), "{}", name(code));
            assert!(sentences.insert(words(code)), "{}", name(code));
            let Meaning { advice, never, .. } = meaning(code);
            assert!(advice.ends_with('.'), "{}", name(code));
            assert!(never.is_none_or(|why| !why.ends_with('.')));
        }
        assert_eq!(
            name(TxValidationCode::MvccReadConflict),
            "MVCC_READ_CONFLICT"
        );
        assert_eq!(to_byte(TxValidationCode::InvalidOtherReason), 255);
    }
}
