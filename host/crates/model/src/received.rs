use bytes::Bytes;
use prost::DecodeError;
use proto::FromWire;

/// A decoded message together with the bytes it came from, for messages whose bytes are signed or hashed.
#[derive(Clone, Debug, PartialEq)]
pub struct Received<M> {
    /// What the bytes say.
    pub message: M,
    /// The bytes as they were received; sharing memory with the message they were part of.
    pub bytes: Bytes,
}

impl<M: FromWire> Received<M> {
    /// Decodes `bytes` and keeps them.
    ///
    /// # Errors
    /// The bytes are not an encoded `M`.
    pub fn decode(bytes: Bytes) -> Result<Self, DecodeError> {
        let message = M::from_wire(bytes.clone())?;
        Ok(Self { message, bytes })
    }
}
