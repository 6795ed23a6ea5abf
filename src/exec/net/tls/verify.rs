//! Which certificates are accepted: those of an authority, and the very ones that are trusted, as
//! `openssl req -x509` makes them, whatever they say of being an authority.

use std::fmt::Debug;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme};

/// The certificates that are trusted.
pub(super) struct Trusted {
    certificates: Vec<CertificateDer<'static>>,
    roots: Arc<RootCertStore>,
}

impl Trusted {
    /// These, as authorities and as themselves.
    pub(super) fn new(certificates: Vec<CertificateDer<'static>>) -> Result<Self, Error> {
        let mut roots = RootCertStore::empty();
        for certificate in &certificates {
            roots.add(certificate.clone())?;
        }
        Ok(Self { certificates, roots: Arc::new(roots) })
    }

    /// What a client asks about the certificate of its server.
    pub(super) fn of_servers(self, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, String> {
        let of_authorities =
            WebPkiServerVerifier::builder_with_provider(Arc::clone(&self.roots), Arc::clone(provider)).build();
        let of_authorities = of_authorities.map_err(|error| error.to_string())?;
        Ok(Arc::new(Verifier { of_authorities, certificates: self.certificates }))
    }

    /// What a server asks about the certificate of its client.
    pub(super) fn of_clients(self, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ClientCertVerifier>, String> {
        let of_authorities =
            WebPkiClientVerifier::builder_with_provider(Arc::clone(&self.roots), Arc::clone(provider)).build();
        let of_authorities = of_authorities.map_err(|error| error.to_string())?;
        Ok(Arc::new(Verifier { of_authorities, certificates: self.certificates }))
    }
}

/// Accepts what an authority has signed, and these certificates.
#[derive(Debug)]
struct Verifier<V: ?Sized> {
    certificates: Vec<CertificateDer<'static>>,
    of_authorities: Arc<V>,
}

impl<V: ?Sized> Verifier<V> {
    /// Whether a certificate is refused for nothing but where it comes from. Its dates are looked at
    /// before that.
    fn is_known(&self, certificate: &CertificateDer<'_>, refusal: &Error) -> bool {
        let Error::InvalidCertificate(reason) = refusal else { return false };
        let is_origin = matches!(
            reason,
            CertificateError::UnknownIssuer
                | CertificateError::BadSignature
                | CertificateError::UnsupportedSignatureAlgorithmContext { .. }
                | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. }
                | CertificateError::Other(_)
        );
        is_origin && self.certificates.iter().any(|known| known == certificate)
    }
}

impl ServerCertVerifier for Verifier<WebPkiServerVerifier> {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.of_authorities.verify_server_cert(certificate, others, name, ocsp, now) {
            Err(refusal) if self.is_known(certificate, &refusal) => {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            result => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.of_authorities.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.of_authorities.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.of_authorities.supported_verify_schemes()
    }
}

impl ClientCertVerifier for Verifier<dyn ClientCertVerifier> {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.of_authorities.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        match self.of_authorities.verify_client_cert(certificate, others, now) {
            Err(refusal) if self.is_known(certificate, &refusal) => {
                ParsedCertificate::try_from(certificate)?;
                Ok(ClientCertVerified::assertion())
            }
            result => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.of_authorities.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.of_authorities.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.of_authorities.supported_verify_schemes()
    }
}

/// `verify: false`: any certificate will do, as long as the server has its key.
#[derive(Debug)]
pub(super) struct AnyCertificate(pub(super) Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
    use rustls::crypto::ring;

    use super::super::words;
    use super::*;

    /// As `openssl req -x509` makes them: signed by themselves, and authorities. Valid up to the end of
    /// a year.
    fn by_itself(name: &str, until: i32) -> CertificateDer<'static> {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_after = date_time_ymd(until, 12, 31);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
    }

    /// What a client that trusts this certificate says to another, and to a name.
    fn client(trusted: &CertificateDer<'static>, shown: &CertificateDer<'_>, name: &str) -> Result<(), String> {
        let provider = Arc::new(ring::default_provider());
        let verifier = Trusted::new(vec![trusted.clone()]).unwrap().of_servers(&provider).unwrap();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let result = verifier.verify_server_cert(shown, &[], &name, &[], UnixTime::now());
        result.map(drop).map_err(|error| words::of(&error))
    }

    fn server(trusted: &CertificateDer<'static>, shown: &CertificateDer<'_>) -> Result<(), String> {
        let provider = Arc::new(ring::default_provider());
        let verifier = Trusted::new(vec![trusted.clone()]).unwrap().of_clients(&provider).unwrap();
        let result = verifier.verify_client_cert(shown, &[], UnixTime::now());
        result.map(drop).map_err(|error| words::of(&error))
    }

    #[test]
    fn the_very_certificate_is_accepted_for_its_name_in_its_time() {
        let own = by_itself("a.test", 4000);
        assert_eq!(client(&own, &own, "a.test"), Ok(()));
        assert_eq!(
            client(&own, &own, "b.test").unwrap_err(),
            "the certificate of the other side is one for `a.test`, not for `b.test`"
        );
        assert_eq!(server(&own, &own), Ok(()));
        let old = by_itself("a.test", 2000);
        let expired = "the certificate of the other side has expired";
        assert_eq!(client(&old, &old, "a.test").unwrap_err(), expired);
        assert_eq!(server(&old, &old).unwrap_err(), expired);
    }

    #[test]
    fn another_one_that_looks_like_it_is_not() {
        let (own, other) = (by_itself("a.test", 4000), by_itself("a.test", 4000));
        let refusal = client(&own, &other, "a.test").unwrap_err();
        assert!(refusal.contains("CA:TRUE"), "{refusal}");
        assert_eq!(server(&own, &other).unwrap_err(), refusal);
    }

    #[test]
    fn one_that_somebody_else_has_signed_is_accepted_too() {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "somebody else");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let sign = || {
            let params = CertificateParams::new(["a.test".to_owned()]).unwrap();
            params.signed_by(&KeyPair::generate().unwrap(), &authority).unwrap().der().clone()
        };
        let (own, other) = (sign(), sign());
        assert_eq!(client(&own, &own, "a.test"), Ok(()));
        let stranger = "the certificate of the other side comes from no authority that is trusted here";
        assert_eq!(client(&own, &other, "a.test").unwrap_err(), stranger);
        assert_eq!(client(authority.der(), &other, "a.test"), Ok(()));
    }
}
