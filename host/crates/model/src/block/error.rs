use crate::envelope::EnvelopeError;

/// Why a block is refused, or a part of it cannot be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BlockError {
    /// The bytes are not a block.
    #[error("not a block")]
    Undecodable {
        /// What the decoder says.
        #[source]
        source: prost::DecodeError,
    },
    /// There is no header in the block.
    #[error("the block has no header")]
    NoHeader,
    /// There is no entry in the block.
    #[error("block {number} has no entries")]
    Empty {
        /// The block.
        number: u64,
    },
    /// The header's hash is not that of the entries.
    #[error("block {number} states data hash {stated}, its entries have {computed}")]
    DataHash {
        /// The block.
        number: u64,
        /// Lower-case hex of what the header states.
        stated: String,
        /// Lower-case hex of the entries' hash.
        computed: String,
    },
    /// An entry is not an envelope in its one encoding.
    #[error("entry {index} of block {number} {fault}")]
    Entry {
        /// The block.
        number: u64,
        /// The entry's index in it.
        index: usize,
        /// What is wrong.
        fault: EntryFault,
    },
    /// The first entry names no channel.
    #[error("the channel of block {number} cannot be read from its first entry")]
    NoChannel {
        /// The block.
        number: u64,
        /// What is wrong with the envelope.
        #[source]
        source: EnvelopeError,
    },
    /// A slot of metadata does not hold the message that belongs there.
    #[error("metadata {slot} of block {number} cannot be decoded")]
    Metadata {
        /// The block.
        number: u64,
        /// The slot's published name.
        slot: &'static str,
        /// What the decoder says.
        #[source]
        source: prost::DecodeError,
    },
}

/// What is wrong with a block's entry. Any of these refuses the whole block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    /// Not well-formed protobuf.
    #[error("is not an envelope")]
    NotAnEnvelope,
    /// The payload is missing or empty, or something stands before it.
    #[error("does not begin with a payload")]
    NoPayload,
    /// The signature is missing or empty, or does not follow the payload.
    #[error("has no signature after its payload")]
    NoSignature,
    /// The same envelope has a shorter or differently ordered encoding.
    #[error("is not in canonical form")]
    NotCanonical,
}
