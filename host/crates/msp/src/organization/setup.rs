//! From an MSP's configuration to the MSP. Every reason for refusal is text for whoever wrote the configuration.

use bytes::Bytes;
use proto::msp::{FabricMspConfig, FabricNodeOUs, FabricOuIdentifier};

use super::{Msp, MspVersion, sanitised};
use crate::{
    Certificate, OrganizationalUnit,
    chain::{Issuers, Pool, certifiers_id},
    crl::RevocationList,
    key::PublicKey,
    ou::{NodeUnits, RoleUnit},
    principal::Role,
};

/// The most certificates, lists or units of one kind that a configuration may hold.
const ENTRIES_MAX: usize = 1_000;

pub(super) fn build(config: FabricMspConfig, version: MspVersion) -> Result<Msp, String> {
    check_limits(&config)?;
    check_crypto(&config)?;
    let authorities = authorities(&config)?;
    let mut msp = Msp {
        id: config.name.clone(),
        version,
        authorities,
        inner_authorities: Vec::new(),
        revocations: revocations(&config)?,
        required_units: Vec::new(),
        roles: None,
        admins: Vec::new(),
        config,
    };
    msp.inner_authorities = check_authorities(&msp)?;
    check_tls_authorities(&msp)?;
    msp.required_units = required_units(&msp)?;
    msp.roles = roles(&msp)?;
    msp.admins = admins(&msp)?;
    Ok(msp)
}

fn check_limits(config: &FabricMspConfig) -> Result<(), String> {
    let longest = [
        config.root_certs.len(),
        config.intermediate_certs.len(),
        config.admins.len(),
        config.revocation_list.len(),
        config.organizational_unit_identifiers.len(),
        config.tls_root_certs.len(),
        config.tls_intermediate_certs.len(),
    ]
    .into_iter()
    .max();
    match longest {
        Some(longest) if longest > ENTRIES_MAX => Err(format!(
            "{longest} entries of a kind, at most {ENTRIES_MAX} are allowed"
        )),
        _ => Ok(()),
    }
}

/// Fabric's defaults are the only hash functions here.
fn check_crypto(config: &FabricMspConfig) -> Result<(), String> {
    let Some(crypto) = &config.crypto_config else {
        return Ok(());
    };
    if !matches!(crypto.signature_hash_family.as_str(), "" | "SHA2") {
        return Err(format!(
            "the hash family {} is not supported",
            crypto.signature_hash_family
        ));
    }
    if !matches!(
        crypto.identity_identifier_hash_function.as_str(),
        "" | "SHA256"
    ) {
        return Err(format!(
            "the hash function {} is not supported",
            crypto.identity_identifier_hash_function
        ));
    }
    Ok(())
}

fn certificate(text: &Bytes) -> Result<Certificate, String> {
    Certificate::from_pem(text).map_err(|error| error.to_string())
}

fn certificates(texts: &[Bytes]) -> Result<Vec<Certificate>, String> {
    texts.iter().map(certificate).collect()
}

/// Reads the roots and what stands below them, and brings their own signatures to low S.
fn authorities(config: &FabricMspConfig) -> Result<Pool, String> {
    if config.root_certs.is_empty() {
        return Err("there is no root certificate".to_owned());
    }
    let raw = Pool::new(
        certificates(&config.root_certs)?,
        certificates(&config.intermediate_certs)?,
    );
    let clean = |certificate: &Certificate| clean_authority(certificate, &raw);
    let roots = raw.roots().iter().map(clean).collect::<Result<_, _>>()?;
    let intermediates = raw
        .intermediates()
        .iter()
        .map(clean)
        .collect::<Result<_, _>>()?;
    Ok(Pool::new(roots, intermediates))
}

fn clean_authority(authority: &Certificate, pool: &Pool) -> Result<Certificate, String> {
    let subject = authority.subject();
    if matches!(authority.key(), PublicKey::Other) {
        return Err(format!("{subject} has a key of an unsupported kind"));
    }
    if authority.extensions().has_name_constraints {
        return Err(format!(
            "{subject} has name constraints, which are not supported"
        ));
    }
    if !authority.algorithm().is_ecdsa() {
        return Ok(authority.clone());
    }
    if authority.is_ca() && authority.check_issued_by(authority).is_ok() {
        return sanitised(authority, authority);
    }
    let issuers = pool
        .issuers_of(authority)
        .map_err(|reason| format!("{subject}: {reason}"))?;
    let signer = issuers
        .first()
        .ok_or_else(|| format!("the root {subject} is not signed by itself"))?;
    sanitised(authority, signer)
}

fn revocations(config: &FabricMspConfig) -> Result<Vec<RevocationList>, String> {
    let lists = config.revocation_list.iter();
    lists
        .map(|text| RevocationList::parse(text).map_err(|error| error.to_string()))
        .collect()
}

/// Checks every authority, and finds those that stand above others.
fn check_authorities(msp: &Msp) -> Result<Vec<Certificate>, String> {
    let pool = &msp.authorities;
    let mut inner: Vec<Certificate> = Vec::new();
    for authority in pool.roots().iter().chain(pool.intermediates()) {
        check_authority(msp, pool, authority)?;
    }
    for intermediate in pool.intermediates() {
        for issuer in pool.issuers_of(intermediate)? {
            if !inner.contains(issuer) {
                inner.push(issuer.clone());
            }
        }
    }
    Ok(inner)
}

/// TLS authorities are checked among themselves; whom they vouch for is the transport's part.
fn check_tls_authorities(msp: &Msp) -> Result<(), String> {
    let roots = certificates(&msp.config.tls_root_certs)?;
    let pool = Pool::new(roots, certificates(&msp.config.tls_intermediate_certs)?);
    let mut authorities = pool.roots().iter().chain(pool.intermediates());
    authorities.try_for_each(|authority| check_authority(msp, &pool, authority))
}

fn check_authority(msp: &Msp, pool: &Pool, authority: &Certificate) -> Result<(), String> {
    let subject = authority.subject();
    if !authority.is_ca() {
        return Err(format!("{subject} is not a certificate authority"));
    }
    if authority.extensions().subject_key_id.is_none() {
        return Err(format!("{subject} has no subject key identifier"));
    }
    pool.issuers_of(authority)
        .and_then(|issuers| {
            msp.check_not_revoked(authority, &issuers)
                .map_err(|fault| fault.to_string())
        })
        .map_err(|reason| format!("{subject}: {reason}"))
}

fn required_units(msp: &Msp) -> Result<Vec<OrganizationalUnit>, String> {
    let identifiers = msp.config.organizational_unit_identifiers.iter();
    identifiers
        .map(|identifier| {
            Ok(OrganizationalUnit {
                name: identifier.organizational_unit_identifier.clone(),
                certifiers_id: certifiers_of(msp, &identifier.certificate)?,
            })
        })
        .collect()
}

/// The name of the way up that begins with one of the MSP's authorities.
fn certifiers_of(msp: &Msp, text: &Bytes) -> Result<[u8; 32], String> {
    let authority = certificate(text)?;
    let authority = clean_authority(&authority, &msp.authorities)?;
    if msp.authorities.roots().contains(&authority) {
        return Ok(certifiers_id([&authority].into_iter()));
    }
    let subject = authority.subject();
    if !msp.authorities.intermediates().contains(&authority) {
        return Err(format!(
            "{subject} vouches for an organisational unit, but is not one of the authorities"
        ));
    }
    if msp.inner_authorities.contains(&authority) {
        return Err(format!(
            "{subject} vouches for an organisational unit, but issues authorities"
        ));
    }
    let above: Issuers<'_> = msp.authorities.issuers_of(&authority)?;
    Ok(certifiers_id([&authority].into_iter().chain(above)))
}

fn roles(msp: &Msp) -> Result<Option<NodeUnits>, String> {
    let Some(units) = &msp.config.fabric_node_ous else {
        return Ok(None);
    };
    let FabricNodeOUs {
        enable,
        client_ou_identifier,
        peer_ou_identifier,
        admin_ou_identifier,
        orderer_ou_identifier,
    } = units;
    let roles = NodeUnits {
        client: role_unit(msp, client_ou_identifier.as_ref())?,
        peer: role_unit(msp, peer_ou_identifier.as_ref())?,
        admin: role_unit(msp, admin_ou_identifier.as_ref())?,
        orderer: role_unit(msp, orderer_ou_identifier.as_ref())?,
    };
    Ok((*enable && !roles.is_empty()).then_some(roles))
}

fn role_unit(
    msp: &Msp,
    identifier: Option<&FabricOuIdentifier>,
) -> Result<Option<RoleUnit>, String> {
    let Some(identifier) = identifier else {
        return Ok(None);
    };
    let certifiers_id = match identifier.certificate.is_empty() {
        true => None,
        false => Some(certifiers_of(msp, &identifier.certificate)?),
    };
    Ok(Some(RoleUnit {
        name: identifier.organizational_unit_identifier.clone(),
        certifiers_id,
    }))
}

/// Reads the listed admins. With roles they must be clients or admins by their units, without roles valid members.
fn admins(msp: &Msp) -> Result<Vec<Certificate>, String> {
    let has_admin_unit = msp
        .roles
        .as_ref()
        .is_some_and(|roles| roles.admin.is_some());
    if msp.config.admins.is_empty() && !has_admin_unit {
        return Err(
            "there is no admin: list a certificate (admincerts), or name the unit that makes one (NodeOUs in config.yaml)"
                .to_owned(),
        );
    }
    let mut admins = Vec::new();
    for (index, text) in msp.config.admins.iter().enumerate() {
        let refused = |reason: String| format!("admin {index} is invalid: {reason}");
        let member = certificate(text)
            .and_then(|certificate| msp.member(certificate))
            .map_err(refused)?;
        match &msp.roles {
            Some(roles) => {
                let fits = [Role::Client, Role::Admin]
                    .into_iter()
                    .any(|role| roles.has_role(&member.units, role));
                if !fits {
                    return Err(refused(
                        "it is neither a client nor an admin by its organisational units"
                            .to_owned(),
                    ));
                }
            }
            None => member.verdict.map_err(|fault| refused(fault.to_string()))?,
        }
        admins.push(member.certificate);
    }
    Ok(admins)
}
