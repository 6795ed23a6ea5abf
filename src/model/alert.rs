//! Alerts of TLS, by their names in RFC 8446 section 6 and RFC 5246 section 7.2; and what a step
//! can fail with: one of these, or an error of the socket.

use std::fmt;

use super::errno::Errno;

/// The description of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Alert(pub u8);

/// The names that a spec may write, with their numbers, in the order of these.
pub const NAMES: &[(&str, u8)] = &[
    ("close_notify", 0),
    ("unexpected_message", 10),
    ("bad_record_mac", 20),
    ("record_overflow", 22),
    ("handshake_failure", 40),
    ("bad_certificate", 42),
    ("unsupported_certificate", 43),
    ("certificate_revoked", 44),
    ("certificate_expired", 45),
    ("certificate_unknown", 46),
    ("illegal_parameter", 47),
    ("unknown_ca", 48),
    ("access_denied", 49),
    ("decode_error", 50),
    ("decrypt_error", 51),
    ("protocol_version", 70),
    ("insufficient_security", 71),
    ("internal_error", 80),
    ("inappropriate_fallback", 86),
    ("user_canceled", 90),
    ("no_renegotiation", 100),
    ("missing_extension", 109),
    ("unsupported_extension", 110),
    ("unrecognized_name", 112),
    ("bad_certificate_status_response", 113),
    ("unknown_psk_identity", 115),
    ("certificate_required", 116),
    ("no_application_protocol", 120),
];

impl Alert {
    /// The alert of that name. `close_notify` is no failure, and none of them.
    pub fn parse(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, number)| *known == name && *number != 0).map(|(_, number)| Self(*number))
    }
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.iter().find(|(_, number)| *number == self.0) {
            Some((name, _)) => f.write_str(name),
            None => write!(f, "alert {}", self.0),
        }
    }
}

/// What a step can fail with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// An error of the socket.
    Errno(Errno),
    /// An alert of TLS, whichever end sent it.
    Alert(Alert),
}

impl Fault {
    /// The fault of that name: `ECONNRESET`, `unknown_ca`.
    pub fn parse(name: &str) -> Option<Self> {
        Errno::parse(name).map(Self::Errno).or_else(|| Alert::parse(name).map(Self::Alert))
    }
}

impl From<Errno> for Fault {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Errno(errno) => errno.fmt(f),
            Self::Alert(alert) => alert.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_have_the_names_of_the_field() {
        assert_eq!(Fault::parse("unknown_ca"), Some(Fault::Alert(Alert(48))));
        assert_eq!(Fault::parse("ECONNRESET"), Some(Fault::Errno(Errno(libc::ECONNRESET))));
        assert_eq!(Fault::parse("close_notify"), None);
        assert_eq!(Fault::parse("unknown_CA"), None);
        assert_eq!(Alert(116).to_string(), "certificate_required");
        assert_eq!(Alert(200).to_string(), "alert 200");
    }
}
