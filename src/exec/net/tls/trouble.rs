//! Why TLS did not go on: the alert, and who sent it.

use rustls::{AlertDescription, Error};

use super::{record, words};
use crate::model::alert::Alert;

/// Why TLS did not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// The alert that ended it.
    pub(crate) alert: Alert,
    /// What a failure tells of it, in sentences.
    pub(crate) notes: Vec<String>,
}

impl Trouble {
    /// Of an error of rustls, which wrote these records because of it; `head` is how the bytes of
    /// the other side begin.
    pub(super) fn of(error: &Error, written: &[u8], head: &[u8]) -> Self {
        if let Error::AlertReceived(alert) = error {
            return Self { alert: Alert(u8::from(*alert)), notes: vec!["the other side sent this alert".to_owned()] };
        }
        let alert = match written {
            // In clear, the last record says which.
            [.., 21, 3, _, 0, 2, _, alert] => Alert(*alert),
            _ => Alert(u8::from(alert_for(error))),
        };
        let mut notes: Vec<String> = record::no_record(head).into_iter().collect();
        notes.push(format!("this side sent the alert: {}", words::of(error)));
        Self { alert, notes }
    }
}

/// The alert that rustls sends for an error, where it is encrypted and cannot be seen.
fn alert_for(error: &Error) -> AlertDescription {
    match error {
        Error::InvalidCertificate(error) => error.clone().into(),
        Error::InvalidMessage(error) => (*error).into(),
        Error::NoCertificatesPresented => AlertDescription::CertificateRequired,
        Error::NoApplicationProtocol => AlertDescription::NoApplicationProtocol,
        Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. } => {
            AlertDescription::UnexpectedMessage
        }
        Error::DecryptError => AlertDescription::BadRecordMac,
        Error::PeerSentOversizedRecord => AlertDescription::RecordOverflow,
        Error::PeerMisbehaved(_) => AlertDescription::IllegalParameter,
        Error::PeerIncompatible(_) => AlertDescription::HandshakeFailure,
        _ => AlertDescription::InternalError,
    }
}
