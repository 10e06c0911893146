//! All MSPs of a channel.

use std::{
    collections::{BTreeMap, HashSet, btree_map::Entry},
    fmt,
    sync::Arc,
};

use bytes::Bytes;
use quick_cache::sync::Cache;

use crate::{Error, Identity, Msp, Principal, SignatureMemo, memo::sha256, policy::SignedData};

/// How many identities a manager keeps parsed.
const IDENTITIES_KEPT: usize = 4_096;

/// The MSPs of one channel configuration; made anew when the configuration changes.
pub struct MspManager {
    msps: BTreeMap<String, Arc<Msp>>,
    memo: Arc<SignatureMemo>,
    /// By SHA-256 of the serialized form. Only identities with a chain to a root are kept.
    identities: Cache<[u8; 32], Arc<Identity>>,
}

impl MspManager {
    /// Puts MSPs together. An organisation that stands in two groups of the configuration may be given twice.
    ///
    /// `memo` is the node's own, shared by all its managers.
    ///
    /// # Errors
    /// [`Error::Config`]: two MSPs of one name with different configurations.
    pub fn new(msps: Vec<Msp>, memo: Arc<SignatureMemo>) -> Result<MspManager, Error> {
        let mut by_id: BTreeMap<String, Arc<Msp>> = BTreeMap::new();
        for msp in msps {
            match by_id.entry(msp.id().to_owned()) {
                Entry::Vacant(place) => {
                    place.insert(Arc::new(msp));
                }
                Entry::Occupied(known) if known.get().config() != msp.config() => {
                    return Err(Error::Config {
                        msp_id: msp.id().to_owned(),
                        reason: "two versions of it are defined".to_owned(),
                    });
                }
                Entry::Occupied(_) => {}
            }
        }
        Ok(MspManager {
            msps: by_id,
            memo,
            identities: Cache::new(IDENTITIES_KEPT),
        })
    }

    /// The MSP of that name.
    #[must_use]
    pub fn msp(&self, msp_id: &str) -> Option<&Msp> {
        self.msps.get(msp_id).map(Arc::as_ref)
    }

    /// The names of all MSPs, sorted.
    pub fn msp_ids(&self) -> impl Iterator<Item = &str> {
        self.msps.keys().map(String::as_str)
    }

    /// The memo this manager was given, for the manager of the next configuration.
    #[must_use]
    pub fn memo(&self) -> &Arc<SignatureMemo> {
        &self.memo
    }

    /// Reads an identity and builds its certificate's chain; recently seen ones come from memory.
    ///
    /// As in Fabric, a certificate without a chain to its MSP's certificates cannot even be read.
    /// Revocation and roles are [`MspManager::validate`]'s part.
    ///
    /// # Errors
    /// - [`Error::Malformed`]: not a `SerializedIdentity`, not PEM, not a certificate.
    /// - [`Error::UnknownMsp`]: the channel has no such MSP.
    /// - [`Error::Untrusted`]: no single chain leads to one of the MSP's roots, or the key is of no allowed kind.
    pub fn identity(&self, serialized: &Bytes) -> Result<Arc<Identity>, Error> {
        let name = sha256(serialized);
        if let Some(known) = self.identities.get(&name) {
            return Ok(known);
        }
        let (msp_id, certificate) = Identity::decode(serialized)?;
        let msp = self.msps.get(&msp_id).ok_or(Error::UnknownMsp { msp_id })?;
        // A slice of a large message would keep all of it in memory.
        let own = Bytes::copy_from_slice(serialized);
        let identity = Identity::new(own, certificate, Arc::clone(msp), Arc::clone(&self.memo))?;
        let identity = Arc::new(identity);
        self.identities.insert(name, Arc::clone(&identity));
        Ok(identity)
    }

    /// Whether the identity's MSP, as this manager has it, accepts it: chain, revocation, organisational units.
    ///
    /// # Errors
    /// Those of [`Identity::validate`]; [`Error::UnknownMsp`] for an identity of another channel.
    pub fn validate(&self, identity: &Identity) -> Result<(), Error> {
        match self.has_read(identity) {
            true => identity.validate(),
            false => self.identity(identity.serialized())?.validate(),
        }
    }

    /// Whether the identity is what the principal asks for.
    ///
    /// # Errors
    /// Those of [`Identity::satisfies`], and of [`MspManager::identity`] for an identity that another manager read.
    pub fn satisfies(&self, identity: &Identity, principal: &Principal) -> Result<(), Error> {
        match self.has_read(identity) {
            true => identity.satisfies(principal),
            false => self.identity(identity.serialized())?.satisfies(principal),
        }
    }

    /// The identities of the good signatures, each once, in the order given.
    ///
    /// Signatures by identities that cannot be read, and bad ones, are passed over. An identity that has shown one good
    /// signature is not looked at again; a bad signature does not use its identity up (Fabric's `policies.go`).
    #[must_use]
    pub fn signers(&self, signed: &[SignedData]) -> Vec<Arc<Identity>> {
        let mut signers: Vec<Arc<Identity>> = Vec::with_capacity(signed.len());
        let mut seen = HashSet::with_capacity(signed.len());
        for SignedData {
            data,
            identity,
            signature,
        } in signed
        {
            let Ok(identity) = self.identity(identity) else {
                continue;
            };
            let name = (identity.msp_id().to_owned(), identity.id().to_owned());
            if seen.contains(&name) || identity.verify(data, signature).is_err() {
                continue;
            }
            seen.insert(name);
            signers.push(identity);
        }
        signers
    }

    /// The same identities as this manager reads them; those that it cannot read are left out.
    pub(crate) fn own(&self, identities: &[Arc<Identity>]) -> Vec<Arc<Identity>> {
        let read = identities
            .iter()
            .map(|identity| match self.has_read(identity) {
                true => Ok(Arc::clone(identity)),
                false => self.identity(identity.serialized()),
            });
        read.filter_map(Result::ok).collect()
    }

    /// The PEM certificates of the roots that the organisation's TLS certificates go back to; none for an unknown one.
    #[must_use]
    pub fn tls_root_certs(&self, msp_id: &str) -> &[Bytes] {
        self.msp(msp_id)
            .map(Msp::tls_root_certs)
            .unwrap_or_default()
    }

    fn has_read(&self, identity: &Identity) -> bool {
        self.msps
            .get(identity.msp_id())
            .is_some_and(|msp| identity.is_read_by(msp))
    }
}

impl fmt::Debug for MspManager {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MspManager")
            .field("msps", &self.msps.keys())
            .field("identities", &self.identities.len())
            .finish_non_exhaustive()
    }
}
