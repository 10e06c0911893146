//! One organisation's membership service provider.

mod setup;

use bytes::Bytes;
use proto::FromWire;
use proto::msp::{FabricMspConfig, MspConfig};

use crate::{
    Certificate, Error, OrganizationalUnit,
    chain::{Pool, certifiers_id},
    crl::RevocationList,
    key::PublicKey,
    memo::sha256,
    ou::NodeUnits,
    principal::{Principal, Role},
};

/// Which of Fabric's rule sets an MSP follows; the channel's capabilities say which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MspVersion {
    /// Channel capability V1_4_3 or V2_0: ECDSA identities, all four roles.
    V1_4_3,
    /// Channel capability V3_0: Ed25519 identities too.
    V3_0,
}

/// An organisation as the channel configuration describes it.
#[derive(Debug)]
pub struct Msp {
    id: String,
    version: MspVersion,
    config: FabricMspConfig,
    authorities: Pool,
    /// Authorities that issued other authorities; they may not issue identities too.
    inner_authorities: Vec<Certificate>,
    revocations: Vec<RevocationList>,
    /// One of these units an identity must have, if there are any.
    required_units: Vec<OrganizationalUnit>,
    /// The units of the roles, if they are enforced.
    roles: Option<NodeUnits>,
    admins: Vec<Certificate>,
}

/// A certificate of an MSP, and what the MSP says of it.
#[derive(Debug)]
pub(crate) struct Member {
    /// With its issuer's signature brought to low S.
    pub(crate) certificate: Certificate,
    /// Lower-case hex SHA-256 of that.
    pub(crate) id: String,
    pub(crate) units: Vec<OrganizationalUnit>,
    /// Whether it is a valid member, or the rule it breaks.
    pub(crate) verdict: Result<(), Fault>,
}

/// Why an MSP does not accept a certificate that leads to its roots.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The certificate is on a revocation list.
    #[error("the certificate has been revoked")]
    Revoked,
    /// It breaks this rule.
    #[error("{0}")]
    Rule(String),
}

impl Msp {
    /// Reads and checks an MSP's configuration.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the bytes do not decode; [`Error::Config`] for every rule broken inside.
    pub fn new(config: &MspConfig, version: MspVersion) -> Result<Msp, Error> {
        const FABRIC: i32 = 0;
        let decoded = FabricMspConfig::from_wire(config.config.clone())
            .map_err(|error| Error::malformed("MSP configuration", error))?;
        if config.r#type != FABRIC {
            return Err(Error::Config {
                msp_id: decoded.name,
                reason: format!("MSPs of type {} are not supported", config.r#type),
            });
        }
        let msp_id = decoded.name.clone();
        setup::build(decoded, version).map_err(|reason| Error::Config { msp_id, reason })
    }

    /// The MSP's name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The rule set it follows.
    #[must_use]
    pub fn version(&self) -> MspVersion {
        self.version
    }

    /// The configuration it was made of.
    #[must_use]
    pub fn config(&self) -> &FabricMspConfig {
        &self.config
    }

    /// The PEM certificates of the roots that the organisation's TLS certificates go back to.
    #[must_use]
    pub fn tls_root_certs(&self) -> &[Bytes] {
        &self.config.tls_root_certs
    }

    /// The PEM certificates between those roots and the organisation's TLS certificates.
    #[must_use]
    pub fn tls_intermediate_certs(&self) -> &[Bytes] {
        &self.config.tls_intermediate_certs
    }

    /// Whether an identity of this MSP is what the principal asks for.
    pub(crate) fn satisfies(&self, member: &Member, principal: &Principal) -> Result<(), Error> {
        match principal {
            Principal::Role { msp_id, role } => {
                self.check_same(msp_id)?;
                self.satisfies_role(member, *role)
            }
            Principal::Unit {
                msp_id,
                name,
                certifiers_id,
            } => {
                self.check_same(msp_id)?;
                self.check_valid(member)?;
                let found = member
                    .units
                    .iter()
                    .any(|unit| unit.name == *name && unit.certifiers_id == certifiers_id.as_ref());
                found.then_some(()).ok_or_else(|| {
                    Error::not_principal(format!("it is not of the organisational unit {name}"))
                })
            }
            Principal::Identity {
                msp_id,
                certificate,
            } => {
                self.check_same(msp_id)?;
                self.satisfies_identity(member, certificate)
            }
            Principal::Nominal => Ok(()),
            Principal::All(parts) => parts
                .iter()
                .try_for_each(|part| self.satisfies(member, part)),
            Principal::Nobody(reason) => Err(Error::not_principal(reason)),
        }
    }

    /// The same certificate, once both are brought to low S. The cheap comparison comes first.
    fn satisfies_identity(&self, member: &Member, certificate: &Certificate) -> Result<(), Error> {
        let other = || Error::not_principal("it has another certificate");
        if certificate.signed() != member.certificate.signed() {
            return Err(other());
        }
        let named = self
            .member(certificate.clone())
            .map_err(|reason| self.untrusted(reason))?;
        if named.certificate != member.certificate {
            return Err(other());
        }
        self.check_valid(&named)
    }

    fn satisfies_role(&self, member: &Member, role: Role) -> Result<(), Error> {
        match role {
            Role::Member => return self.check_valid(member),
            Role::Admin if self.admins.contains(&member.certificate) => return Ok(()),
            Role::Admin | Role::Client | Role::Peer | Role::Orderer => {}
        }
        let Some(roles) = &self.roles else {
            let reason = format!(
                "MSP {} does not tell roles apart, and it is not a listed admin",
                self.id
            );
            return Err(Error::not_principal(reason));
        };
        self.check_valid(member)?;
        if !roles.has_role(&member.units, role) {
            return Err(Error::not_principal(format!(
                "it is not a {} of MSP {}",
                role.word(),
                self.id
            )));
        }
        Ok(())
    }

    /// Whether the MSP accepts its member.
    pub(crate) fn check_valid(&self, member: &Member) -> Result<(), Error> {
        member.verdict.clone().map_err(|fault| match fault {
            Fault::Revoked => Error::Revoked {
                msp_id: self.id.clone(),
            },
            Fault::Rule(reason) => self.untrusted(reason),
        })
    }

    pub(crate) fn untrusted(&self, reason: String) -> Error {
        Error::Untrusted {
            msp_id: self.id.clone(),
            reason,
        }
    }

    fn check_same(&self, msp_id: &str) -> Result<(), Error> {
        if msp_id == self.id {
            return Ok(());
        }
        Err(Error::not_principal(format!(
            "it is of MSP {}, not of MSP {msp_id}",
            self.id
        )))
    }

    /// Looks a certificate over. The error is for those that Fabric cannot even read: no chain leads to a root.
    pub(crate) fn member(&self, certificate: Certificate) -> Result<Member, String> {
        self.check_key(certificate.key())?;
        let issuers = self.authorities.issuers_of(&certificate)?;
        let signer = issuers.first().copied().unwrap_or(&certificate);
        let certificate = sanitised(&certificate, signer)?;
        let standing = self.check_standing(&certificate, &issuers);
        let units = match &standing {
            Ok(()) => self.units_of(&certificate, &issuers),
            Err(_) => Vec::new(),
        };
        let verdict = standing
            .map_err(Fault::Rule)
            .and_then(|()| self.check_not_revoked(&certificate, &issuers))
            .and_then(|()| self.check_units(&units).map_err(Fault::Rule));
        Ok(Member {
            id: hex::encode(sha256(certificate.der())),
            certificate,
            units,
            verdict,
        })
    }

    fn check_key(&self, key: &PublicKey) -> Result<(), String> {
        match key {
            PublicKey::Ec(..) => Ok(()),
            PublicKey::Ed25519(_) if self.version >= MspVersion::V3_0 => Ok(()),
            PublicKey::Ed25519(_) => {
                Err("Ed25519 keys need the channel capability V3_0".to_owned())
            }
            PublicKey::Rsa(_) | PublicKey::Other => {
                Err("its key is neither of P-256 nor of P-384".to_owned())
            }
        }
    }

    /// Identities are leaves, right below an authority that issues only identities.
    fn check_standing(
        &self,
        certificate: &Certificate,
        issuers: &[&Certificate],
    ) -> Result<(), String> {
        if certificate.is_ca() {
            return Err("a certificate authority cannot be an identity".to_owned());
        }
        let Some(issuer) = issuers.first() else {
            return Err("a root cannot be an identity".to_owned());
        };
        if self.inner_authorities.contains(issuer) {
            return Err(
                "its issuer issues authorities, so it must not issue identities".to_owned(),
            );
        }
        Ok(())
    }

    fn units_of(
        &self,
        certificate: &Certificate,
        issuers: &[&Certificate],
    ) -> Vec<OrganizationalUnit> {
        let certifiers_id = certifiers_id(issuers.iter().copied());
        let names = certificate.organizational_units().iter();
        names
            .map(|name| OrganizationalUnit {
                name: name.clone(),
                certifiers_id,
            })
            .collect()
    }

    /// Looks for the certificate in the lists of its issuer. Dates in the lists are ignored.
    fn check_not_revoked(
        &self,
        certificate: &Certificate,
        issuers: &[&Certificate],
    ) -> Result<(), Fault> {
        let rule = |reason: &str| Fault::Rule(reason.to_owned());
        let Some(issuer) = issuers.first() else {
            return Ok(());
        };
        let issuer_key_id = issuer
            .extensions()
            .subject_key_id
            .as_deref()
            .ok_or_else(|| rule("its issuer has no subject key identifier"))?;
        for list in &self.revocations {
            let listed_by = list.issuer_key_id().ok_or_else(|| {
                rule("a revocation list of its MSP has no authority key identifier")
            })?;
            if listed_by == issuer_key_id && list.revokes(certificate, issuer) {
                return Err(Fault::Revoked);
            }
        }
        Ok(())
    }

    fn check_units(&self, units: &[OrganizationalUnit]) -> Result<(), String> {
        let required = &self.required_units;
        if !required.is_empty() && !units.iter().any(|unit| required.contains(unit)) {
            return Err("it has none of the organisational units that its MSP requires".to_owned());
        }
        match &self.roles {
            Some(roles) => roles.check(units),
            None => Ok(()),
        }
    }
}

/// The certificate with low S, if its signer signs with ECDSA.
fn sanitised(certificate: &Certificate, signer: &Certificate) -> Result<Certificate, String> {
    match signer.key() {
        PublicKey::Ec(curve, _) if certificate.algorithm().is_ecdsa() => certificate
            .with_low_s(*curve)
            .map_err(|error| error.to_string()),
        _ => Ok(certificate.clone()),
    }
}
