//! From a certificate to a root, by the rules of Go's `x509.Certificate.Verify` as Fabric calls it.
//!
//! Every date of a chain is compared with one moment only: a second after the leaf's own beginning. So a certificate that
//! ran out stays valid, and one issued outside its authority's own time never is.

use crate::{Certificate, memo::sha256_of};

/// How many signatures are verified for one certificate before giving up; Go's own number.
const SIGNATURE_CHECKS_MAX: u32 = 100;

/// Trusted roots, and the certificates that may stand between them and a leaf.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    roots: Vec<Certificate>,
    intermediates: Vec<Certificate>,
}

/// One way up, without the leaf: the leaf's issuer first, the root last; empty for a root.
pub(crate) type Issuers<'pool> = Vec<&'pool Certificate>;

impl Pool {
    /// Puts certificates together; repeated ones count once.
    pub(crate) fn new(roots: Vec<Certificate>, intermediates: Vec<Certificate>) -> Pool {
        Pool {
            roots: without_repeats(roots),
            intermediates: without_repeats(intermediates),
        }
    }

    pub(crate) fn roots(&self) -> &[Certificate] {
        &self.roots
    }

    pub(crate) fn intermediates(&self) -> &[Certificate] {
        &self.intermediates
    }

    /// The only chain above the certificate.
    ///
    /// # Errors
    /// The reason, in words: no chain, more than one, or none that is left after the checks.
    pub(crate) fn issuers_of(&self, leaf: &Certificate) -> Result<Issuers<'_>, String> {
        let mut search = Search {
            pool: self,
            leaf,
            moment: leaf.not_before().saturating_add(1),
            checks: 0,
            hint: None,
        };
        search.check_certificate(leaf, None)?;
        let mut chains = Vec::new();
        if self.roots.contains(leaf) {
            chains.push(Vec::new());
        } else {
            search.extend(&mut Vec::new(), &mut chains);
        }
        if chains.is_empty() {
            return Err(search
                .hint
                .unwrap_or_else(|| "it is signed by an unknown authority".to_owned()));
        }
        chains.retain(|chain| {
            let mut certificates = chain.iter().copied().chain([leaf]);
            certificates.all(|certificate| certificate.extensions().allows_server_auth)
        });
        match chains.len() {
            0 => Err("its extended key usage leaves out server authentication".to_owned()),
            1 => Ok(chains.remove(0)),
            count => Err(format!("{count} chains lead to a root, only one may")),
        }
    }
}

/// The name of a way up: SHA-256 over the certificates' DER, in order.
pub(crate) fn certifiers_id<'a>(certificates: impl Iterator<Item = &'a Certificate>) -> [u8; 32] {
    sha256_of(certificates.map(|certificate| certificate.der().as_ref()))
}

struct Search<'pool, 'leaf> {
    pool: &'pool Pool,
    leaf: &'leaf Certificate,
    moment: i64,
    checks: u32,
    /// Why the last candidate was turned down.
    hint: Option<String>,
}

impl<'pool> Search<'pool, '_> {
    /// Finds every way from the end of `above` to a root and adds it to `chains`.
    fn extend(&mut self, above: &mut Issuers<'pool>, chains: &mut Vec<Issuers<'pool>>) {
        let pool = self.pool;
        for root in &pool.roots {
            if self.accepts(root, true, above) {
                let mut chain = above.clone();
                chain.push(root);
                chains.push(chain);
            }
        }
        for intermediate in &pool.intermediates {
            if self.accepts(intermediate, false, above) {
                above.push(intermediate);
                self.extend(above, chains);
                above.pop();
            }
        }
    }

    /// Whether the candidate may stand above the certificates so far, and remembers why not.
    fn accepts(&mut self, candidate: &Certificate, is_root: bool, above: &Issuers<'pool>) -> bool {
        let child = above.last().copied().unwrap_or(self.leaf);
        if candidate.subject_der() != child.issuer_der() {
            return false;
        }
        let present = above.iter().copied().chain([self.leaf]);
        if present
            .into_iter()
            .any(|certificate| is_same_party(certificate, candidate))
        {
            return false;
        }
        self.checks += 1;
        if self.checks > SIGNATURE_CHECKS_MAX {
            self.hint = Some("too many signatures to verify".to_owned());
            return false;
        }
        let verdict = child
            .check_issued_by(candidate)
            .map_err(str::to_owned)
            .and_then(|()| self.check_certificate(candidate, Some((is_root, above.len()))));
        if let Err(reason) = verdict {
            self.hint = Some(reason);
            return false;
        }
        true
    }

    /// Checks one certificate by itself. `authority` says of an issuer whether it is a root and how many intermediate
    /// certificates stand below it.
    fn check_certificate(
        &self,
        certificate: &Certificate,
        authority: Option<(bool, usize)>,
    ) -> Result<(), String> {
        if let Some(oid) = certificate.extensions().unknown_critical {
            return Err(format!("the critical extension {oid} is unknown"));
        }
        if self.moment < certificate.not_before() || self.moment > certificate.not_after() {
            return Err(format!(
                "{} does not hold at the beginning of {}",
                certificate.subject(),
                self.leaf.subject()
            ));
        }
        let basic = certificate.extensions().basic_constraints;
        let Some((is_root, below)) = authority else {
            return Ok(());
        };
        if !is_root && !basic.is_some_and(|basic| basic.ca) {
            return Err(format!(
                "{} is not a certificate authority",
                certificate.subject()
            ));
        }
        let path_len = basic.and_then(|basic| basic.path_len);
        if path_len.is_some_and(|allowed| below > usize::from(allowed)) {
            return Err(format!(
                "too many intermediate certificates below {}",
                certificate.subject()
            ));
        }
        Ok(())
    }
}

/// Go's notion of a party that stands in a chain already: subject, key and alternative names.
fn is_same_party(a: &Certificate, b: &Certificate) -> bool {
    a.subject_der() == b.subject_der()
        && a.key() == b.key()
        && a.extensions().subject_alt_name == b.extensions().subject_alt_name
}

fn without_repeats(certificates: Vec<Certificate>) -> Vec<Certificate> {
    let mut kept: Vec<Certificate> = Vec::with_capacity(certificates.len());
    for certificate in certificates {
        if !kept.contains(&certificate) {
            kept.push(certificate);
        }
    }
    kept
}
