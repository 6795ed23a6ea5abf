//! Programs: what is run, signals, and how a program must end.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::model::bytes::escape;
use crate::model::name::nearest;
use crate::model::network::{Kind, Network};
use crate::model::signal::{ExitStatus, Signal};
use crate::plan::constant;
use crate::plan::program::{Ready, Run};
use crate::plan::template::{Piece, Template};
use crate::plan::{Target, Verb};
use crate::spec::ast::{self, Scalar};

use super::Builder;
use super::call::{Said, named};
use super::target::Purpose;
use super::text::Text;

/// The largest status that a program can end with.
const MOST_STATUS: u64 = 255;

impl Builder<'_> {
    /// `run`
    pub(super) fn run(&mut self, run: &ast::Run, call: &ast::Call) -> Option<Said> {
        let waits = self.waits_as_programs_do(call);
        let arguments: Vec<Option<Template>> = run.arguments.iter().map(|argument| self.argument(argument)).collect();
        let env = self.environment(&run.env);
        let dir = self.optional(run.dir.as_ref(), Self::template);
        let ready = match &run.ready {
            Some(ready) => self.ready(ready).map(Some),
            None => Some(None),
        };
        let pass = self.endpoints(&run.pass);
        let mut arguments = arguments.into_iter().collect::<Option<Vec<_>>>()?.into_iter();
        let program = arguments.next()?;
        let arguments: Vec<Template> = arguments.collect();
        if program.known().is_some_and(|name| name.is_empty()) {
            self.report(
                Diagnostic::error("no-program", program.span, "the program has no name")
                    .help("its name comes first, then its arguments: `[cat, \"-u\"]`"),
            );
            return None;
        }
        let words = std::iter::once(&program).chain(&arguments).map(|word| shown(&word.shown()));
        let mut words = format!("run {}", words.collect::<Vec<_>>().join(" "));
        let (env, dir, ready, pass, ()) = (env?, dir?, ready?, pass?, waits?);
        if dir.is_none() {
            self.beside_the_spec(&arguments);
        }
        words.extend(named("pass", &pass).map(|pass| format!(" {pass}")));
        let home = self.folder.clone();
        Some(Said::new(Verb::Run(Box::new(Run { program, home, arguments, env, dir, ready, pass })), words))
    }

    /// Arguments that name files beside the spec, which its programs do not find: they start elsewhere.
    fn beside_the_spec(&mut self, arguments: &[Template]) {
        for argument in arguments {
            let Some(path) = argument.known().filter(|path| is_relative_path(path)) else { continue };
            if self.may_be_written(Path::new(&path)) || !self.folder.join(&path).is_file() {
                continue;
            }
            let message = format!("`{path}` lies beside the spec, and the program starts in the test's own folder");
            self.report(Diagnostic::warning("not-found-there", argument.span, message).help(format!(
                "execute the file itself (`#!` and chmod +x): `run: [{}, …]`, or write it in `files`",
                if path.contains('/') { path } else { format!("./{path}") }
            )));
        }
    }

    /// Whether `files` may have a file of that path.
    fn may_be_written(&self, path: &Path) -> bool {
        let plain: PathBuf = path.components().filter(|part| *part != Component::CurDir).collect();
        self.spec.files.iter().any(|file| file.name.text.contains("${") || plain == Path::new(&file.name.text))
    }

    /// How a socket waits means nothing to a program.
    fn waits_as_programs_do(&mut self, call: &ast::Call) -> Option<()> {
        let modes = [("blocking", &call.blocking), ("nonblocking", &call.nonblocking)];
        let written = modes.into_iter().find_map(|(word, scalar)| Some((word, scalar.as_ref()?)));
        let Some((word, scalar)) = written else { return Some(()) };
        let span = self.word_before(call.endpoint.span.to(scalar.span), word);
        self.report(
            Diagnostic::error("unknown-modifier", span, format!("`run` has no modifier `{word}`"))
                .help("it completes when the program is `ready`, or, where nothing is said of that, at once"),
        );
        None
    }

    /// One argument: what every reader of YAML takes for the same text.
    fn argument(&mut self, scalar: &Scalar) -> Option<Template> {
        if let Err(finding) = constant::read(scalar) {
            self.report(*finding);
            return None;
        }
        let template = self.template(scalar)?;
        if template.known().is_some_and(|text| text.contains('\0')) {
            self.report(
                Diagnostic::error("zero-byte", scalar.span, "an argument of a program cannot have a zero byte in it")
                    .help("arguments are texts that end in one: execve(2)"),
            );
            return None;
        }
        Some(template)
    }

    fn environment(&mut self, env: &[(Scalar, Scalar)]) -> Option<Vec<(String, Template)>> {
        let mut variables = Vec::with_capacity(env.len());
        let mut sound = true;
        for (name, value) in env {
            if name.text.is_empty() || name.text.contains(['=', '\0']) {
                let message =
                    format!("`{}` is not the name of a variable of the environment", escape(name.text.as_bytes()));
                self.report(
                    Diagnostic::error("bad-name", name.span, message)
                        .help("write `{LC_ALL: C}`: a name, and its value"),
                );
                sound = false;
            } else if let Some(value) = self.argument(value) {
                variables.push((name.text.clone(), value));
            } else {
                sound = false;
            }
        }
        sound.then_some(variables)
    }

    fn template(&mut self, scalar: &Scalar) -> Option<Template> {
        Some(match self.text(scalar)? {
            Text::Known(text) => Template::literal(text, scalar.span),
            Text::Open(template) => template,
        })
    }

    fn ready(&mut self, ready: &ast::Ready) -> Option<Ready> {
        match ready {
            ast::Ready::Line { stream, regex } => {
                let (source, regex) = self.line(regex)?;
                Some(Ready::Line { stderr: stream.text == "stderr", source, regex: Arc::new(regex) })
            }
            // Steps of their own, after this one.
            ast::Ready::Steps(_) => None,
            ast::Ready::Address(address) if self.is_line(address) => {
                let text = &address.text;
                let message = format!("`{text}` is no address, nor an endpoint of this spec");
                self.report(Diagnostic::error("bad-address", address.span, message).help(format!(
                    "for a line that the program prints, write `ready: {{stdout: {text}}}`, or `{{stderr: {text}}}`"
                )));
                None
            }
            ast::Ready::Address(address) => {
                let shown = self.target(address, Purpose::Reach)?;
                if network_of(&shown.target).is_some_and(|network| network.kind() == Kind::Datagram) {
                    let message = format!("`{}` is an address of datagrams: nothing accepts there", address.text);
                    self.report(
                        Diagnostic::error("wrong-network", address.span, message).help(
                            "a line of output tells, `ready: {stdout: REGEX}`, or an answer, `ready: {steps: […]}`",
                        ),
                    );
                    return None;
                }
                Some(Ready::Address { target: shown.target, source: shown.words, span: address.span })
            }
        }
    }

    /// Whether it can only be meant as a line of output: a word that is no endpoint, or several.
    fn is_line(&self, address: &Scalar) -> bool {
        let text = address.text.as_str();
        let is_known = self.scope.endpoint(text).is_some() || self.is_doubtful(text);
        !text.is_empty() && !text.contains([':', '$']) && Network::parse(text).is_none() && !is_known
    }

    /// `signal`
    pub(super) fn signal(&mut self, written: &Scalar) -> Option<Said> {
        let word = self.word(written)?;
        let signal = self.signal_named(&word.text, "", written)?;
        Some(Said::new(Verb::Signal(signal), format!("signal {}", signal.short().unwrap_or_default())))
    }

    /// The signal of that name; `before` is what its name begins with here.
    fn signal_named(&mut self, name: &str, before: &str, written: &Scalar) -> Option<Signal> {
        let signal = Signal::parse(name);
        if signal.is_none() {
            let finding = Diagnostic::error("unknown-signal", written.span, format!("unknown signal `{name}`"));
            let upper = name.to_uppercase();
            let short = upper.strip_prefix("SIG").unwrap_or(&upper);
            let by_number = name.parse().ok().and_then(|number| Signal(number).short());
            self.report(match by_number.or_else(|| nearest(short, Signal::short_names())) {
                Some(near) => finding.help(format!("did you mean `{before}{near}`?")),
                None => finding.help("write its name as `kill -l` has it: TERM, HUP, INT, KILL, USR1 …"),
            });
        }
        signal
    }

    /// The ways in which a program may end, each with how a trace shows it.
    pub(super) fn statuses(&mut self, written: &[Scalar]) -> Option<(Vec<ExitStatus>, Vec<String>)> {
        let statuses: Vec<Option<(ExitStatus, String)>> = written.iter().map(|status| self.status(status)).collect();
        Some(statuses.into_iter().collect::<Option<Vec<_>>>()?.into_iter().unzip())
    }

    fn status(&mut self, written: &Scalar) -> Option<(ExitStatus, String)> {
        let word = self.word(written)?;
        let shown = word.shown().to_owned();
        if word.text.starts_with(|first: char| first.is_ascii_digit()) {
            let code = self.plain_number(written, MOST_STATUS)?;
            return Some((ExitStatus::Code(code as i32), shown));
        }
        if !word.text.starts_with("SIG") {
            let text = &word.text;
            let finding = Diagnostic::error("bad-status", written.span, format!("`{text}` is not how a program ends"));
            let near = nearest(&text.to_uppercase(), Signal::short_names()).map(|near| format!("SIG{near}"));
            self.report(match near {
                Some(near) => finding.help(format!("did you mean `{near}`?")),
                None => finding.help("write the number that it ends with, 0 to 255, or the signal, such as `SIGTERM`"),
            });
            return None;
        }
        self.signal_named(&word.text, "SIG", written).map(|signal| (ExitStatus::Signal(signal), shown))
    }
}

/// The network of an address, also of one whose port is known at run time only.
fn network_of(target: &Target) -> Option<Network> {
    match target {
        Target::Address(address) => Some(address.network()),
        Target::Computed(template) => match template.pieces.first()? {
            Piece::Literal(text) => Network::parse(text.split_once(':')?.0),
            _ => None,
        },
        Target::Endpoint(_) | Target::Sender => None,
    }
}

/// Whether an argument looks like the path of a file in the folder that a program starts in.
fn is_relative_path(argument: &str) -> bool {
    argument.contains(['/', '.']) && !argument.starts_with(['/', '-'])
}

/// An argument as a trace shows it: quoted where a reader could not tell where it ends.
fn shown(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\');
    if !argument.is_empty() && argument.chars().all(plain) {
        argument.to_owned()
    } else {
        format!("\"{}\"", escape(argument.as_bytes()))
    }
}
