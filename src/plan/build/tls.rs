//! `tls`: an upgrade, and what was agreed for it.

use std::fmt::Write as _;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};

use crate::diagnostic::Diagnostic;
use crate::plan::template::Template;
use crate::plan::tls::{Agreed, Certificate, Pem, Side, Tls, Verify, Version};
use crate::plan::{Attribute, AttributeCheck, Verb};
use crate::spec::ast::{self, Scalar};

use super::Builder;
use super::call::Said;
use super::text::Text;

/// The longest name of a protocol, RFC 7301 section 3.1.
const LONGEST_PROTOCOL: usize = 255;

/// What a PEM file is to hold.
#[derive(Clone, Copy)]
enum Holds {
    Certificates,
    Key,
}

impl Holds {
    fn name(self) -> &'static str {
        match self {
            Self::Certificates => "certificate",
            Self::Key => "private key",
        }
    }

    fn is_in(self, pem: &[u8]) -> bool {
        match self {
            Self::Certificates => {
                let mut all = CertificateDer::pem_slice_iter(pem).peekable();
                all.peek().is_some() && all.all(|one| one.is_ok())
            }
            Self::Key => PrivateKeyDer::from_pem_slice(pem).is_ok(),
        }
    }
}

impl Builder<'_> {
    /// An upgrade to TLS.
    pub(super) fn tls(&mut self, tls: &ast::Tls) -> Option<Said> {
        let side = self.side(&tls.side)?;
        let mut words = String::new();
        let certificate = self.certificate(tls.cert.as_ref(), tls.key.as_ref(), &mut words);
        let sni = self.optional(tls.sni.as_ref(), |builder, sni| builder.sni(sni, side, &mut words));
        let alpn = self.protocols(&tls.alpn);
        let verify = self.verify(tls.verify.as_ref(), side, &mut words);
        let version = self.optional(tls.version.as_ref(), Self::tls_version);
        let (certificate, sni, (alpn, alpn_shown), verify, version) = (certificate?, sni?, alpn?, verify?, version?);
        let mut all = format!("tls {}", side.name());
        let (version, version_shown) = version.unzip();
        if let Some(shown) = &version_shown {
            let _ = write!(all, " version {shown}");
        }
        match alpn_shown.as_slice() {
            [] => {}
            [one] => all.extend([" alpn ", one]),
            several => {
                let _ = write!(all, " alpn [{}]", several.join(", "));
            }
        }
        all.push_str(&words);
        let tls = Tls { side, certificate, sni, alpn, alpn_shown, verify, version, version_shown, words };
        Some(Said::new(Verb::Tls(Box::new(tls)), all))
    }

    fn side(&mut self, scalar: &Scalar) -> Option<Side> {
        let word = self.word(scalar)?;
        match word.text.as_ref() {
            "server" => Some(Side::Server),
            "client" => Some(Side::Client),
            text => {
                let known = ["server", "client"].into_iter();
                self.unknown("side of TLS", text, scalar.span, known, "unknown-side");
                None
            }
        }
    }

    /// `cert` and `key`: a file each, or a certificate of the run's.
    #[expect(clippy::option_option, reason = "left out and wrong are different things")]
    fn certificate(
        &mut self,
        cert: Option<&Scalar>,
        key: Option<&Scalar>,
        words: &mut String,
    ) -> Option<Option<Certificate>> {
        let flag = cert.map_or(Some(None), |cert| self.is_flag(cert))?;
        match (cert, key, flag) {
            (None, None, _) => Some(None),
            (Some(_), None, Some(flag)) => {
                let _ = write!(words, " cert {flag}");
                Some(flag.then_some(Certificate::OfTheRun))
            }
            (Some(cert), None, None) => {
                self.report(
                    Diagnostic::error("missing-key", cert.span, "a certificate is of no use without its `key`")
                        .help("write `key: FILE` beside it, or `cert: true` for a certificate of the run's"),
                );
                None
            }
            (_, Some(key), flag) if cert.is_none() || flag.is_some() => {
                self.report(
                    Diagnostic::error("missing-cert", key.span, "this `key` is that of no certificate")
                        .help("write `cert: FILE` beside it, or leave `key` out: the run has a certificate of its own"),
                );
                None
            }
            (Some(cert), Some(key), _) => {
                let (chain, key) = (self.pem(cert, Holds::Certificates), self.pem(key, Holds::Key));
                let ((chain, chain_shown), (key, _)) = (chain?, key?);
                let _ = write!(words, " cert {chain_shown}");
                Some(Some(Certificate::Own(chain, key)))
            }
            (None, Some(_), _) => None,
        }
    }

    /// Whether it is `true` or `false`, where it is no file.
    #[expect(clippy::option_option, reason = "a file and wrong are different things")]
    fn is_flag(&mut self, scalar: &Scalar) -> Option<Option<bool>> {
        let known = match self.text(scalar)? {
            Text::Known(text) => Some(text.into_owned()),
            Text::Open(template) => template.known(),
        };
        Some(known.and_then(|text| text.parse().ok()))
    }

    /// A PEM file, which is read now where its path is known now.
    fn pem(&mut self, scalar: &Scalar, holds: Holds) -> Option<(Pem, String)> {
        if let Text::Open(path) = self.text(scalar)?
            && path.known().is_none()
        {
            let shown = path.shown();
            return Some((Pem::At { folder: self.folder.clone(), path }, shown));
        }
        let (shown, bytes): (String, Arc<[u8]>) = self.file(scalar)?;
        if !holds.is_in(&bytes) {
            let message = format!("the file `{shown}` holds no {} in PEM", holds.name());
            self.report(
                Diagnostic::error("no-pem", scalar.span, message)
                    .help(format!("a {} in PEM begins with a line `-----BEGIN …`", holds.name())),
            );
            return None;
        }
        Some((Pem::Read(bytes), shown))
    }

    fn sni(&mut self, sni: &Scalar, side: Side, words: &mut String) -> Option<Template> {
        if side == Side::Server {
            self.report(
                Diagnostic::error("misplaced-modifier", sni.span, "a client asks for a name, not a server")
                    .help("a server sees what it was asked for: `{expect: {tls: {sni: NAME}}}`"),
            );
            return None;
        }
        let template = match self.text(sni)? {
            Text::Known(text) => Template::literal(text.into_owned(), sni.span),
            Text::Open(template) => template,
        };
        if let Some(name) = template.known()
            && ServerName::try_from(name.as_str()).is_err()
        {
            let message = format!("`{name}` is not the name of a server");
            self.report(
                Diagnostic::error("bad-name", sni.span, message).help("write a name of the DNS, such as `example.com`"),
            );
            return None;
        }
        let _ = write!(words, " sni {}", template.shown());
        Some(template)
    }

    fn protocols(&mut self, alpn: &[Scalar]) -> Option<(Vec<String>, Vec<String>)> {
        let mut shown = Vec::with_capacity(alpn.len());
        let protocols = self.each(alpn, &mut shown, |builder, scalar| {
            let word = builder.word(scalar)?;
            if word.text.is_empty() || word.text.len() > LONGEST_PROTOCOL {
                let message = format!("a protocol of ALPN has 1 to {LONGEST_PROTOCOL} bytes");
                builder.report(
                    Diagnostic::error("bad-protocol", scalar.span, message)
                        .help("write a name of IANA's list, such as `h2` or `http/1.1`"),
                );
                return None;
            }
            let shown = word.shown().to_owned();
            Some((word.text.into_owned(), shown))
        })?;
        Some((protocols, shown))
    }

    fn verify(&mut self, verify: Option<&Scalar>, side: Side, words: &mut String) -> Option<Verify> {
        let Some(written) = verify else {
            return Some(match side {
                Side::Client => Verify::OfTheRun,
                Side::Server => Verify::Nothing,
            });
        };
        if let Some(flag) = self.is_flag(written)? {
            let _ = write!(words, " verify {flag}");
            return Some(if flag { Verify::OfTheRun } else { Verify::Nothing });
        }
        let (file, shown) = self.pem(written, Holds::Certificates)?;
        let _ = write!(words, " verify {shown}");
        Some(Verify::Authorities(file))
    }

    fn tls_version(&mut self, scalar: &Scalar) -> Option<(Version, String)> {
        let word = self.word(scalar)?;
        let version = Version::parse(&word.text);
        if version.is_none() {
            let finding =
                Diagnostic::error("unknown-version", scalar.span, format!("unknown version of TLS `{}`", word.text));
            self.report(finding.help("write `\"1.2\"` or `\"1.3\"`: older versions are no longer spoken"));
        }
        Some((version?, word.shown().to_owned()))
    }

    /// `tls` among the attributes of `expect`.
    pub(super) fn agreed(&mut self, key: &Scalar, written: &[(Scalar, Vec<Scalar>)]) -> Option<Attribute> {
        let mut agreed = Vec::with_capacity(written.len());
        let mut parts = Vec::with_capacity(written.len());
        let mut sound = true;
        for (name, values) in written {
            let mut shown = Vec::with_capacity(values.len());
            let one = match name.text.as_str() {
                "version" => self.each(values, &mut shown, Self::tls_version).map(Agreed::Version),
                "alpn" => self.each(values, &mut shown, Self::protocol_or_none).map(Agreed::Alpn),
                _ => self.each(values, &mut shown, Self::name_or_none).map(Agreed::Sni),
            };
            match one {
                Some(one) => agreed.push(one),
                None => sound = false,
            }
            parts.push(match shown.as_slice() {
                [one] => format!("{} {one}", name.text),
                several => format!("{} [{}]", name.text, several.join(", ")),
            });
        }
        let shown = format!("tls={{{}}}", parts.join(", "));
        sound.then_some(Attribute { span: key.span, shown, check: AttributeCheck::Tls(agreed) })
    }

    fn protocol_or_none(&mut self, scalar: &Scalar) -> Option<(Option<String>, String)> {
        let word = self.word(scalar)?;
        Some(((word.text != "none").then(|| word.text.to_string()), word.shown().to_owned()))
    }

    fn name_or_none(&mut self, scalar: &Scalar) -> Option<(Option<Template>, String)> {
        let text = self.text(scalar)?;
        let shown = text.shown().into_owned();
        Some((
            match text {
                Text::Known(text) if text == "none" => None,
                Text::Known(text) => Some(Template::literal(text.into_owned(), scalar.span)),
                Text::Open(template) => Some(template),
            },
            shown,
        ))
    }
}
