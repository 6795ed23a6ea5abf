//! What a `tls` step says, and what `expect` asks of what was agreed.

use std::path::PathBuf;
use std::sync::Arc;

use super::template::Template;

/// A `tls` step.
#[derive(Debug, Clone)]
pub struct Tls {
    /// Which side of the handshake it is.
    pub side: Side,
    /// The certificate that it shows, where the spec says which.
    pub certificate: Option<Certificate>,
    /// The name that a client asks for, and that it wants the certificate to have.
    pub sni: Option<Template>,
    /// The protocols that it offers or takes, in order of preference.
    pub alpn: Vec<String>,
    /// How a trace shows these protocols, where one is agreed.
    pub alpn_shown: Vec<String>,
    /// Which certificates of the other side it accepts.
    pub verify: Verify,
    /// The only version that it speaks, where the spec says which.
    pub version: Option<Version>,
    /// How a trace shows that version.
    pub version_shown: Option<String>,
    /// The words after what was agreed in the trace: all that is written but version and ALPN.
    pub words: String,
}

/// A side of the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// It answers the ClientHello.
    Server,
    /// It sends the ClientHello.
    Client,
}

impl Side {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
        }
    }
}

/// The certificate that a side shows.
#[derive(Debug, Clone)]
pub enum Certificate {
    /// One of the authority that is made for the run.
    OfTheRun,
    /// One of the spec's own: the chain, and the key.
    Own(Pem, Pem),
}

/// A PEM file.
#[derive(Debug, Clone)]
pub enum Pem {
    /// Its contents.
    Read(Arc<[u8]>),
    /// A file whose path is known at run time only.
    At {
        /// The folder that it is relative to.
        folder: PathBuf,
        /// Its path.
        path: Template,
    },
}

/// Which certificates of the other side are accepted.
#[derive(Debug, Clone)]
pub enum Verify {
    /// Those of the authority that is made for the run.
    OfTheRun,
    /// Those of the authorities in a file.
    Authorities(Pem),
    /// A client accepts any; a server asks for none.
    Nothing,
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// RFC 5246.
    Tls12,
    /// RFC 8446.
    Tls13,
}

impl Version {
    /// The words for the versions.
    pub const NAMES: [&str; 2] = ["1.2", "1.3"];

    /// The version of that name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "1.2" => Some(Self::Tls12),
            "1.3" => Some(Self::Tls13),
            _ => None,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tls12 => "1.2",
            Self::Tls13 => "1.3",
        }
    }
}

/// Something that both sides agreed on, with the values of which any will do.
#[derive(Debug, Clone)]
pub enum Agreed {
    /// The version.
    Version(Vec<Version>),
    /// The protocol; `None` for none.
    Alpn(Vec<Option<String>>),
    /// The name that the client asked for, as its server sees it; `None` for none.
    Sni(Vec<Option<Template>>),
}
