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

/// What happened to the transaction, in one sentence for a person.
pub fn words(code: TxValidationCode) -> &'static str {
    use TxValidationCode as C;
    match code {
        C::Valid => "The transaction is valid and its writes are in the state.",
        C::NilEnvelope => "The block entry is empty.",
        C::BadPayload => "The envelope's payload cannot be decoded.",
        C::BadCommonHeader => {
            "A header is missing, cannot be decoded, or has a wrong type, an epoch, no nonce or no creator."
        }
        C::BadCreatorSignature => {
            "The creator is not an identity of this channel, or the signature over the transaction is not the creator's."
        }
        C::InvalidEndorserTransaction => {
            "The transaction cannot be decoded, has not exactly one action, or its proposal hash is wrong."
        }
        C::InvalidConfigTransaction => "The configuration transaction is not acceptable.",
        C::UnsupportedTxPayload => {
            "The envelope holds something that is not ordered by itself, such as a bare configuration update."
        }
        C::BadProposalTxid => "The transaction id is not the hash of nonce and creator.",
        C::DuplicateTxid => "A transaction with the same id is already in the ledger.",
        C::EndorsementPolicyFailure => {
            "The endorsements do not satisfy the policy of something the transaction writes."
        }
        C::MvccReadConflict => {
            "A key that the transaction read was changed by another transaction before this one was committed."
        }
        C::PhantomReadConflict => {
            "A range that the transaction read has other members or versions now than when it was endorsed."
        }
        C::UnknownTxType => "The envelope's type is not one that can be committed.",
        C::TargetChainNotFound => "The transaction names a channel that this peer does not have.",
        C::MarshalTxError => "The envelope cannot be encoded again.",
        C::NilTxaction => "The transaction has no action.",
        C::ExpiredChaincode => {
            "The chaincode definition that the transaction was endorsed under is no longer in force."
        }
        C::ChaincodeVersionConflict => {
            "The transaction was endorsed by another version of the chaincode."
        }
        C::BadHeaderExtension => "The channel header's chaincode extension cannot be decoded.",
        C::BadChannelHeader => "The channel header is not acceptable.",
        C::BadResponsePayload => "The endorsed result is missing or cannot be decoded.",
        C::BadRwset => "The read-write set cannot be decoded.",
        C::IllegalWriteset => "The read-write set names a namespace twice.",
        C::InvalidWriteset => "The state database refuses a key or value of the write set.",
        C::InvalidChaincode => {
            "A chaincode that the transaction names or writes to is not defined, or its name or version is wrong."
        }
        C::NotValidated => "The transaction has not been validated yet.",
        C::InvalidOtherReason => {
            "The transaction is invalid for a reason without a code of its own, such as an event of another chaincode."
        }
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
        }
        assert_eq!(
            name(TxValidationCode::MvccReadConflict),
            "MVCC_READ_CONFLICT"
        );
        assert_eq!(to_byte(TxValidationCode::InvalidOtherReason), 255);
    }
}
