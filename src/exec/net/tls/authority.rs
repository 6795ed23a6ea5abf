//! The authority of the run: made once for a process, when the first certificate is wanted. What it
//! signs is trusted by the spec's own clients and by nobody else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;

/// So many certificates are kept; a spec that asks for one name after the other has no more.
const KEPT: usize = 256;

/// The authority, with the one key that all its certificates have.
pub(super) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    key: KeyPair,
    issued: Mutex<HashMap<Vec<String>, Arc<CertifiedKey>>>,
}

impl Authority {
    /// That of this process.
    pub(super) fn of_the_run() -> Result<&'static Self, String> {
        static AUTHORITY: OnceLock<Result<Authority, String>> = OnceLock::new();
        AUTHORITY.get_or_init(|| Self::new().map_err(|error| error.to_string())).as_ref().map_err(Clone::clone)
    }

    fn new() -> Result<Self, rcgen::Error> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "sockspec, the authority of this run");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        Ok(Self { issuer, key: KeyPair::generate()?, issued: Mutex::default() })
    }

    /// Its own certificate, to trust.
    pub(super) fn certificate(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    /// A certificate for these names and addresses.
    pub(super) fn issue(&self, names: Vec<String>) -> Result<Arc<CertifiedKey>, String> {
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = issued.get(&names) {
            return Ok(Arc::clone(known));
        }
        if issued.len() >= KEPT {
            issued.clear();
        }
        let certified = Arc::new(self.sign(&names)?);
        issued.insert(names, Arc::clone(&certified));
        Ok(certified)
    }

    fn sign(&self, names: &[String]) -> Result<CertifiedKey, String> {
        let mut params = CertificateParams::new(names).map_err(|error| error.to_string())?;
        let first = names.first().map_or("sockspec", String::as_str);
        params.distinguished_name.push(DnType::CommonName, first);
        let certificate = params.signed_by(&self.key, &self.issuer).map_err(|error| error.to_string())?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let key = any_supported_type(&key).map_err(|error| error.to_string())?;
        Ok(CertifiedKey::new(vec![certificate.der().clone()], key))
    }
}
