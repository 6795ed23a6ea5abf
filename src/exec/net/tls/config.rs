//! What rustls needs to know of a `tls` step.

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection, SupportedProtocolVersion};

use super::authority::Authority;
use super::verify::{AnyCertificate, Trusted};
use super::{pem, words};
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
        .map_err(|error| words::of(&error))?;
    let verifier = match trusted(&options.accepted)? {
        Some(trusted) => trusted.of_servers(&provider)?,
        None => Arc::new(AnyCertificate(provider)),
    };
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
    let mut config = match &options.certificate {
        None => builder.with_no_client_auth(),
        Some(Shown::Own(chain, key)) => builder
            .with_client_auth_cert(pem::certificates(chain)?, pem::private_key(key)?)
            .map_err(|error| words::of(&error))?,
        Some(Shown::OfTheRun) => {
            let certified = Authority::of_the_run()?.issue(vec!["localhost".to_owned()])?;
            builder.with_client_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(certified)))
        }
    };
    config.alpn_protocols = protocols(options.alpn);
    // A session of before would make a handshake another one than the first.
    config.resumption = Resumption::disabled();
    ClientConnection::new(Arc::new(config), name).map_err(|error| words::of(&error))
}

/// The side that answers it, which is called by these names and addresses.
pub(super) fn server(options: &Options<'_>, names: Vec<String>) -> Result<ServerConnection, String> {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions(options.version))
        .map_err(|error| words::of(&error))?;
    let builder = match trusted(&options.accepted)? {
        None => builder.with_no_client_auth(),
        Some(trusted) => builder.with_client_cert_verifier(trusted.of_clients(&provider)?),
    };
    let mut config = match &options.certificate {
        Some(Shown::Own(chain, key)) => builder
            .with_single_cert(pem::certificates(chain)?, pem::private_key(key)?)
            .map_err(|error| words::of(&error))?,
        None | Some(Shown::OfTheRun) => builder.with_cert_resolver(Arc::new(OfTheRun { names })),
    };
    config.alpn_protocols = protocols(options.alpn);
    // Nothing is sent after the handshake that the spec does not send: no tickets.
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    ServerConnection::new(Arc::new(config)).map_err(|error| words::of(&error))
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

fn trusted(accepted: &Accepted) -> Result<Option<Trusted>, String> {
    let certificates = match accepted {
        Accepted::Anything => return Ok(None),
        Accepted::OfTheRun => vec![Authority::of_the_run()?.certificate()],
        Accepted::Authorities(file) => pem::certificates(file)?,
    };
    Trusted::new(certificates).map(Some).map_err(|_| "a certificate of `verify` cannot be read".to_owned())
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
