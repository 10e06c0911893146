//! An identity: its organisation and what its certificate says of it.

use bytes::Bytes;
use msp::Identity;
use serde::Serialize;
use utoipa::ToSchema;

use super::bytes::Part;

/// Who signed something, as stated.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Identity)]
pub(crate) struct Who {
    msp_id: String,
    /// Distinguished name of the certificate's subject.
    subject: String,
}

impl Who {
    /// Reads an encoded `msp.SerializedIdentity`. Nothing is verified.
    pub(crate) fn new(identity: &Bytes) -> Part<Self> {
        let decoded = Identity::decode(identity)
            .map(|(msp_id, certificate)| Self {
                msp_id,
                subject: certificate.subject(),
            })
            .map_err(|error| error.to_string());
        Part::new(decoded, identity)
    }
}
