//! The errors of rustls in words, since many of its own messages are names of its types.

use rustls::{CertificateError, ContentType, Error, HandshakeType, InconsistentKeys};

use crate::model::alert::Alert;

/// Why TLS does not go on, or cannot begin.
pub(super) fn of(error: &Error) -> String {
    match error {
        Error::InappropriateMessage { expect_types, got_type } => {
            unexpected(&content(*got_type), expect_types.iter().copied().map(content))
        }
        Error::InappropriateHandshakeMessage { expect_types, got_type } => {
            unexpected(&handshake(*got_type), expect_types.iter().copied().map(handshake))
        }
        Error::InvalidMessage(why) => format!("a message cannot be read: {}", named(why)),
        Error::PeerIncompatible(why) => format!("the two sides do not fit together: {}", named(why)),
        Error::PeerMisbehaved(why) => format!("the other side breaks the rules of TLS: {}", named(why)),
        Error::AlertReceived(alert) => format!("the other side sent the alert {}", Alert(u8::from(*alert))),
        Error::InvalidCertificate(why) => format!("the certificate of the other side {}", certificate(why)),
        Error::InvalidCertRevocationList(why) => format!("a list of revoked certificates is wrong: {}", named(why)),
        Error::InvalidEncryptedClientHello(why) => format!("the encrypted ClientHello is wrong: {}", named(why)),
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => "the key is not that of the certificate".to_owned(),
        Error::InconsistentKeys(why) => format!("the key does not fit the certificate: {}", named(why)),
        Error::NoCertificatesPresented => "the other side shows no certificate".to_owned(),
        Error::NoApplicationProtocol => "the two sides have no protocol in common".to_owned(),
        other => other.to_string(),
    }
}

fn unexpected(got: &str, expected: impl Iterator<Item = String>) -> String {
    format!("{got} came, where {} was expected", expected.collect::<Vec<_>>().join(" or "))
}

/// The types of records and of messages have names, or numbers.
fn content(kind: ContentType) -> String {
    kind.as_str().map_or_else(|| format!("a record of type {}", u8::from(kind)), str::to_owned)
}

fn handshake(kind: HandshakeType) -> String {
    kind.as_str().map_or_else(|| format!("a message of type {}", u8::from(kind)), str::to_owned)
}

/// What is wrong with a certificate, after "the certificate".
fn certificate(why: &CertificateError) -> String {
    let said = match why {
        CertificateError::BadEncoding => "cannot be read",
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "is not valid yet",
        CertificateError::UnknownIssuer => "comes from no authority that is trusted here",
        CertificateError::BadSignature => "is not signed by the authority that it names",
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "was not made for this side of TLS (its extendedKeyUsage)"
        }
        CertificateError::NotValidForNameContext { expected, presented } if presented.is_empty() => {
            return format!("has no names (subjectAltName), so it is none for `{}`", expected.to_str());
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            let names: Vec<String> = presented.iter().map(|name| format!("`{}`", bare(name))).collect();
            return format!("is one for {}, not for `{}`", names.join(", "), expected.to_str());
        }
        CertificateError::Other(why) if why.0.to_string() == "CaUsedAsEndEntity" => {
            "says CA:TRUE, so it is an authority's: make it with `-addext basicConstraints=critical,CA:FALSE`, or let \
             `verify` name its own file"
        }
        CertificateError::Other(why) => return format!("is refused: {}", in_words(&why.0.to_string())),
        other => return format!("is refused: {}", named(other)),
    };
    said.to_owned()
}

/// The name in `DnsName("a.example")`.
fn bare(name: &str) -> &str {
    let inside = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inside.unwrap_or(name).trim_matches('"')
}

/// The name of a variant in words.
fn named(variant: &impl std::fmt::Debug) -> String {
    in_words(&format!("{variant:?}"))
}

/// `NoCipherSuitesInCommon` as words; what stands beside a name is left out.
fn in_words(name: &str) -> String {
    let name = name.split(['(', '{', ' ']).next().unwrap_or(name);
    let mut words: Vec<String> = Vec::new();
    for c in name.chars() {
        match words.last_mut() {
            Some(word) if !c.is_ascii_uppercase() => word.push(c),
            _ => words.push(c.to_ascii_lowercase().to_string()),
        }
    }
    let version = |word: String| match word.as_str() {
        "tls12" => "TLS 1.2".to_owned(),
        "tls13" => "TLS 1.3".to_owned(),
        "or13" => "or 1.3".to_owned(),
        _ => word,
    };
    words.into_iter().map(version).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use rustls::{InvalidMessage, PeerIncompatible, PeerMisbehaved};

    use super::*;

    #[test]
    fn errors_are_sentences() {
        for (error, said) in [
            (
                Error::PeerIncompatible(PeerIncompatible::NoCipherSuitesInCommon),
                "the two sides do not fit together: no cipher suites in common",
            ),
            (
                Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13),
                "the two sides do not fit together: server does not support TLS 1.2 or 1.3",
            ),
            (
                Error::PeerMisbehaved(PeerMisbehaved::IllegalMiddleboxChangeCipherSpec),
                "the other side breaks the rules of TLS: illegal middlebox change cipher spec",
            ),
            (
                Error::InvalidMessage(InvalidMessage::MissingData("ServerName")),
                "a message cannot be read: missing data",
            ),
            (
                Error::InappropriateMessage {
                    expect_types: vec![ContentType::Handshake, ContentType::Alert],
                    got_type: ContentType::Unknown(99),
                },
                "a record of type 99 came, where Handshake or Alert was expected",
            ),
            (
                Error::InvalidCertificate(CertificateError::UnhandledCriticalExtension),
                "the certificate of the other side is refused: unhandled critical extension",
            ),
            (Error::InconsistentKeys(InconsistentKeys::KeyMismatch), "the key is not that of the certificate"),
        ] {
            assert_eq!(of(&error), said);
        }
    }

    #[test]
    fn names_of_certificates_stand_bare() {
        assert_eq!(bare("DnsName(\"a.test\")"), "a.test");
        assert_eq!(bare("IpAddress(127.0.0.1)"), "127.0.0.1");
    }
}
