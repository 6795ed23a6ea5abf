//! The errors that a step may or must give.

use crate::diagnostic::Diagnostic;
use crate::model::alert::{self, Fault};
use crate::model::errno;
use crate::model::name::nearest;
use crate::model::platform;
use crate::spec::ast::{Fails, Scalar};

use super::Builder;

/// The allowed outcomes, `None` for success, and the words for them.
pub(super) type Allowed = (Vec<Option<Fault>>, Vec<String>);

impl Builder<'_> {
    /// What the step may fail with on this platform.
    pub(super) fn fails(&mut self, fails: Option<&Fails>) -> Option<Allowed> {
        match fails {
            None => Some(Allowed::default()),
            Some(Fails::Any(outcomes)) => self.outcomes(outcomes),
            Some(Fails::ByPlatform(platforms)) => {
                let mut here = Some(Allowed::default());
                for (name, outcomes) in platforms {
                    match name.text.as_str() {
                        platform::CURRENT => here = self.outcomes(outcomes),
                        other if platform::ALL.contains(&other) => {
                            if !self.elsewhere(other, outcomes) {
                                here = None;
                            }
                        }
                        other => {
                            let known = platform::ALL.into_iter();
                            self.unknown("platform", other, name.span, known, "unknown-platform");
                            here = None;
                        }
                    }
                }
                here
            }
        }
    }

    fn outcomes(&mut self, outcomes: &[Scalar]) -> Option<Allowed> {
        let mut allowed = (Vec::with_capacity(outcomes.len()), Vec::with_capacity(outcomes.len()));
        let mut sound = true;
        for outcome in outcomes {
            let Some(word) = self.word(outcome) else {
                sound = false;
                continue;
            };
            let fault = if word.text == "none" { Some(None) } else { Fault::parse(&word.text).map(Some) };
            if let Some(fault) = fault {
                allowed.0.push(fault);
                allowed.1.push(word.shown().to_owned());
            } else {
                self.unknown_errno(&word.text, outcome, platform::CURRENT);
                sound = false;
            }
        }
        if let ([None], Some(outcome)) = (allowed.0.as_slice(), outcomes.first())
            && sound
            && !outcome.text.contains("${")
        {
            self.report(
                Diagnostic::error("fails-none", outcome.span, "`none` alone says nothing: every step must succeed")
                    .help("leave `fails` out, or write a list: `[none, ECONNRESET]`"),
            );
            sound = false;
        }
        sound.then_some(allowed)
    }

    fn unknown_errno(&mut self, text: &str, outcome: &Scalar, on: &str) {
        if let Some(platform) = errno::platform_of(text) {
            let message = format!("`{text}` is an error of {platform}");
            let help = format!("write it for that platform: `{{{platform}: {text}, …}}`");
            self.report(Diagnostic::error("unknown-errno", outcome.span, message).help(help));
            return;
        }
        let names = errno::NAMES.iter().map(|(name, _)| *name);
        let alerts = alert::NAMES.iter().filter(|(_, number)| *number != 0).map(|(name, _)| *name);
        let candidates = names.chain(alerts).chain(["none"]);
        let own = nearest(text, errno::names_of(on).iter().copied());
        let finding = Diagnostic::error("unknown-errno", outcome.span, format!("unknown error `{text}`"));
        let numbered = || errno::NAMES.iter().find(|(_, number)| text.parse() == Ok(*number)).map(|(name, _)| *name);
        self.report(match own.or_else(|| nearest(text, candidates)).or_else(numbered) {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None => finding.help(
                "write a name of errno(3), such as `ECONNREFUSED`, or of an alert of TLS, such as `unknown_ca`; \
                     `none` where success is allowed",
            ),
        });
    }

    /// Whether these are errors of another platform, or of this one.
    fn elsewhere(&mut self, platform: &str, outcomes: &[Scalar]) -> bool {
        let mut sound = true;
        for outcome in outcomes {
            let Some(word) = self.word(outcome) else {
                sound = false;
                continue;
            };
            let text = word.text.as_ref();
            if text == "none" || Fault::parse(text).is_some() || errno::platform_of(text) == Some(platform) {
                continue;
            }
            self.unknown_errno(text, outcome, platform);
            sound = false;
        }
        sound
    }
}
