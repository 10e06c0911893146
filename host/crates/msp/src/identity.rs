//! An identity that some MSP of the channel knows how to read.

use std::sync::Arc;

use bytes::Bytes;
use prost::Message;
use proto::FromWire;
use proto::msp::SerializedIdentity;

use crate::{
    Certificate, Error, Msp, OrganizationalUnit, SignatureMemo, memo::Hashed, organization::Member,
    principal::Principal,
};

/// The largest serialized identity that is read, in bytes. Real ones have about a thousand.
const IDENTITY_BYTES_MAX: usize = 1 << 18;

/// A parsed identity: the certificate, the MSP it belongs to, and what that MSP says of it.
///
/// Made by [`MspManager::identity`](crate::MspManager::identity), which keeps the most used ones. It stands for one
/// configuration of the channel; ask the manager of a later one to judge it anew.
#[derive(Debug)]
pub struct Identity {
    serialized: Bytes,
    msp: Arc<Msp>,
    member: Member,
    memo: Arc<SignatureMemo>,
}

impl Identity {
    /// Marshals an MSP's name and a PEM certificate into the form in which identities travel.
    #[must_use]
    pub fn serialize(msp_id: &str, certificate_pem: &[u8]) -> Bytes {
        let identity = SerializedIdentity {
            mspid: msp_id.to_owned(),
            id_bytes: Bytes::copy_from_slice(certificate_pem),
        };
        identity.encode_to_vec().into()
    }

    /// Reads who an identity says it is, trusting nothing of it.
    ///
    /// # Errors
    /// [`Error::Malformed`]: not a `SerializedIdentity`, not PEM, not a certificate.
    pub fn decode(serialized: &Bytes) -> Result<(String, Certificate), Error> {
        if serialized.len() > IDENTITY_BYTES_MAX {
            return Err(Error::malformed("identity", "longer than 256 KiB"));
        }
        let identity = SerializedIdentity::from_wire(serialized.clone())
            .map_err(|error| Error::malformed("identity", error))?;
        let certificate = Certificate::from_pem(&identity.id_bytes)?;
        Ok((identity.mspid, certificate))
    }

    /// Lets the MSP look over a certificate that claims to be of it.
    pub(crate) fn new(
        serialized: Bytes,
        certificate: Certificate,
        msp: Arc<Msp>,
        memo: Arc<SignatureMemo>,
    ) -> Result<Identity, Error> {
        let member = msp
            .member(certificate)
            .map_err(|reason| msp.untrusted(reason))?;
        Ok(Identity {
            serialized,
            msp,
            member,
            memo,
        })
    }

    /// The MSP it belongs to.
    #[must_use]
    pub fn msp_id(&self) -> &str {
        self.msp.id()
    }

    /// The `SerializedIdentity` as it was received.
    #[must_use]
    pub fn serialized(&self) -> &Bytes {
        &self.serialized
    }

    /// The certificate, its issuer's signature brought to low S.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.member.certificate
    }

    /// The DER of that certificate.
    #[must_use]
    pub fn certificate_der(&self) -> &Bytes {
        self.member.certificate.der()
    }

    /// When the certificate runs out, in seconds since 1970 UTC. An expired identity stays valid in validation.
    #[must_use]
    pub fn expires_at(&self) -> i64 {
        self.member.certificate.not_after()
    }

    /// The organisational units of the subject, in the certificate's order, equal ones repeated.
    #[must_use]
    pub fn organizational_units(&self) -> &[OrganizationalUnit] {
        &self.member.units
    }

    /// Fabric's name of the identity inside its MSP: lower-case hex SHA-256 of [`Identity::certificate_der`].
    #[must_use]
    pub fn id(&self) -> &str {
        &self.member.id
    }

    /// Whether the MSP that read this identity accepts it: chain, revocation, organisational units.
    ///
    /// # Errors
    /// [`Error::Revoked`]; [`Error::Untrusted`] with the rule that is broken.
    pub fn validate(&self) -> Result<(), Error> {
        self.msp.check_valid(&self.member)
    }

    /// Whether this identity is what the principal asks for.
    ///
    /// # Errors
    /// [`Error::NotPrincipal`], those of [`Identity::validate`] or, for an unreadable identity in the principal, [`Error::Malformed`].
    pub fn satisfies(&self, principal: &Principal) -> Result<(), Error> {
        self.msp.satisfies(&self.member, principal)
    }

    /// Checks that this identity signed `message`. Signatures found good before are looked up, not computed.
    ///
    /// # Errors
    /// [`Error::BadSignature`]: not a signature by this key over these bytes, not DER by Go's rules, or with a high S.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        let key = self.member.certificate.key();
        let hashed = Hashed::new(message);
        let name = SignatureMemo::name(key.bytes(), hashed.digest(), signature);
        if self.memo.knows(&name) {
            return Ok(());
        }
        key.verify_message(&hashed, signature, self.memo.tables())
            .map_err(|reason| Error::BadSignature { reason })?;
        self.memo.remember(name);
        Ok(())
    }

    /// Whether this is the MSP, of this very configuration, that read the identity.
    pub(crate) fn is_read_by(&self, msp: &Arc<Msp>) -> bool {
        Arc::ptr_eq(&self.msp, msp)
    }
}
