//! Files in PEM: certificates and keys.

use rustls::pki_types::pem::{Error, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::model::bytes::escape;

/// The certificates of a file.
pub(super) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let all = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().map_err(|error| said(&error))?;
    if all.is_empty() { Err("there is no certificate in the PEM file".to_owned()) } else { Ok(all) }
}

/// The first key of a file.
pub(super) fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
        Error::NoItemsFound => "there is no key in the PEM file".to_owned(),
        error => said(&error),
    })
}

fn said(error: &Error) -> String {
    match error {
        Error::MissingSectionEnd { .. } => "a part of the PEM file has no line `-----END …`".to_owned(),
        Error::IllegalSectionStart { line } => format!("`{}` begins no part of a PEM file", escape(line)),
        Error::Base64Decode(_) => "the base64 of the PEM file is damaged".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_files_are_described() {
        for (text, reason) in [
            ("-----BEGIN CERTIFICATE-----\nAAAA\n", "a part of the PEM file has no line `-----END …`"),
            ("-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n", "the base64 of the PEM file is damaged"),
            ("-----BEGIN CERTIFICATE\n", "`-----BEGIN CERTIFICATE` begins no part of a PEM file"),
            ("hello\n", "there is no certificate in the PEM file"),
        ] {
            assert_eq!(certificates(text.as_bytes()), Err(reason.to_owned()));
        }
        assert_eq!(private_key(b"hello").err(), Some("there is no key in the PEM file".to_owned()));
    }
}
