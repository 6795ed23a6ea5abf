//! What rustls needs to know of a `tls` step.

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, ServerConfig, ServerConnection,
    SignatureScheme, SupportedProtocolVersion,
};

use super::authority::Authority;
use crate::plan::tls::Version;

/// A `tls` step, with its files read.
pub(crate) struct Options<'a> {
    /// The certificate to show.
    pub(crate) certificate: Option<Shown>,
    /// The authorities that the other side's certificate must come from.
    pub(crate) accepted: Accepted,
    /// The protocols.
    pub(crate) alpn: &'a [String],
    /// The only version.
    pub(crate) version: Option<Version>,
}

/// A certificate that is shown.
pub(crate) enum Shown {
    /// One of the run's.
    OfTheRun,
    /// A chain and its key, in PEM.
    Own(Arc<[u8]>, Arc<[u8]>),
}

/// Which certificates are accepted.
pub(crate) enum Accepted {
    /// Those of the run's authority.
    OfTheRun,
    /// Those of these authorities, in PEM.
    Authorities(Arc<[u8]>),
    /// All, or none at all.
    Anything,
}

/// The side that sends the ClientHello.
pub(super) fn client(options: &Options<'_>, name: ServerName<'static>) -> Result<ClientConnection, String> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions(options.version))
        .map_err(|error| error.to_string())?;
    let builder = match roots(&options.accepted)? {
        Some(roots) => builder.with_root_certificates(roots),
        None => builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate(provider))),
    };
    let mut config = match &options.certificate {
        None => builder.with_no_client_auth(),
        Some(Shown::Own(chain, key)) => {
            builder.with_client_auth_cert(certificates(chain)?, private_key(key)?).map_err(|error| error.to_string())?
        }
        Some(Shown::OfTheRun) => {
            let certified = Authority::of_the_run()?.issue(vec!["localhost".to_owned()])?;
            builder.with_client_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(certified)))
        }
    };
    config.alpn_protocols = protocols(options.alpn);
    // A session of before would make a handshake another one than the first.
    config.resumption = Resumption::disabled();
    ClientConnection::new(Arc::new(config), name).map_err(|error| error.to_string())
}

/// The side that answers it, which is called by these names and addresses.
pub(super) fn server(options: &Options<'_>, names: Vec<String>) -> Result<ServerConnection, String> {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions(options.version))
        .map_err(|error| error.to_string())?;
    let builder = match roots(&options.accepted)? {
        None => builder.with_no_client_auth(),
        Some(roots) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|error| error.to_string())?)
        }
    };
    let mut config = match &options.certificate {
        Some(Shown::Own(chain, key)) => {
            builder.with_single_cert(certificates(chain)?, private_key(key)?).map_err(|error| error.to_string())?
        }
        None | Some(Shown::OfTheRun) => builder.with_cert_resolver(Arc::new(OfTheRun { names })),
    };
    config.alpn_protocols = protocols(options.alpn);
    // Nothing is sent after the handshake that the spec does not send: no tickets.
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    ServerConnection::new(Arc::new(config)).map_err(|error| error.to_string())
}

const ONLY_12: &[&SupportedProtocolVersion] = &[&rustls::version::TLS12];
const ONLY_13: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];

fn versions(version: Option<Version>) -> &'static [&'static SupportedProtocolVersion] {
    match version {
        None => rustls::ALL_VERSIONS,
        Some(Version::Tls12) => ONLY_12,
        Some(Version::Tls13) => ONLY_13,
    }
}

fn protocols(alpn: &[String]) -> Vec<Vec<u8>> {
    alpn.iter().map(|protocol| protocol.clone().into_bytes()).collect()
}

fn roots(accepted: &Accepted) -> Result<Option<RootCertStore>, String> {
    match accepted {
        Accepted::Anything => Ok(None),
        Accepted::OfTheRun => Authority::of_the_run()?.roots().map(Some),
        Accepted::Authorities(pem) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(pem)? {
                roots.add(certificate).map_err(|error| error.to_string())?;
            }
            Ok(Some(roots))
        }
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())
}

fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| error.to_string())
}

/// Shows a certificate of the run's for the name that the client asks for.
#[derive(Debug)]
struct OfTheRun {
    names: Vec<String>,
}

impl ResolvesServerCert for OfTheRun {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let mut names = self.names.clone();
        names.extend(hello.server_name().filter(|name| !self.names.iter().any(|own| own == name)).map(str::to_owned));
        Authority::of_the_run().and_then(|authority| authority.issue(names)).ok()
    }
}

/// `verify: false`: any certificate will do, as long as the server has its key.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
