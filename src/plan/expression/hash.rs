//! Hashes, and what is made with them: digests, codes under a key, keys from passwords.

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha512};

/// A hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// RFC 1321
    Md5,
    /// RFC 3174
    Sha1,
    /// SHA-256 of FIPS 180-4
    Sha256,
    /// SHA-512 of FIPS 180-4
    Sha512,
}

impl Hash {
    /// How many bytes it gives.
    pub(super) const fn size(self) -> u32 {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    /// The digest of a message.
    pub(super) fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Md5 => Md5::digest(message).to_vec(),
            Self::Sha1 => Sha1::digest(message).to_vec(),
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }

    /// The HMAC of a message under a key, RFC 2104.
    pub(super) fn hmac(self, message: &[u8], key: &[u8]) -> Result<Vec<u8>, String> {
        match self {
            Self::Md5 => code::<Hmac<Md5>>(message, key),
            Self::Sha1 => code::<Hmac<Sha1>>(message, key),
            Self::Sha256 => code::<Hmac<Sha256>>(message, key),
            Self::Sha512 => code::<Hmac<Sha512>>(message, key),
        }
    }

    /// Fills a key that is derived of a password: PBKDF2 of RFC 8018, with the HMAC of this hash.
    pub(super) fn derive(self, password: &[u8], salt: &[u8], iterations: u32, key: &mut [u8]) {
        match self {
            Self::Md5 => pbkdf2_hmac::<Md5>(password, salt, iterations, key),
            Self::Sha1 => pbkdf2_hmac::<Sha1>(password, salt, iterations, key),
            Self::Sha256 => pbkdf2_hmac::<Sha256>(password, salt, iterations, key),
            Self::Sha512 => pbkdf2_hmac::<Sha512>(password, salt, iterations, key),
        }
    }
}

fn code<M: Mac + KeyInit>(message: &[u8], key: &[u8]) -> Result<Vec<u8>, String> {
    let mut code = <M as KeyInit>::new_from_slice(key).map_err(|error| format!("the key of an HMAC: {error}"))?;
    code.update(message);
    Ok(code.finalize().into_bytes().to_vec())
}
