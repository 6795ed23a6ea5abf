//! The attributes that `expect` waits for.

use crate::diagnostic::Diagnostic;
use crate::model::name::nearest;
use crate::model::option::{OPTIONS, SocketOption, ValueKind};
use crate::model::poll::PollEvents;
use crate::model::state::TcpState;
use crate::plan::{Attribute, AttributeCheck, Number, Target, Verb};
use crate::source::Span;
use crate::spec::ast::{Scalar, Wanted};
use crate::spec::words::ATTRIBUTES;

use super::Builder;
use super::call::Said;
use super::condition::CONDITIONS;
use super::target::Purpose;

impl Builder<'_> {
    pub(super) fn attributes(&mut self, written: &[(Scalar, Wanted)]) -> Option<Said> {
        let mut words = "expect".to_owned();
        let mut attributes = Vec::with_capacity(written.len());
        let mut sound = true;
        for (key, wanted) in written {
            let attribute = match wanted {
                Wanted::Any(values) => self.attribute(key, values),
                Wanted::All(agreed) => self.agreed(key, agreed),
            };
            match attribute {
                Some(attribute) => {
                    words.push(' ');
                    words.push_str(&attribute.shown);
                    attributes.push(attribute);
                }
                None => sound = false,
            }
        }
        sound.then(|| Said::new(Verb::ExpectAttributes(attributes), words))
    }

    fn attribute(&mut self, key: &Scalar, values: &[Scalar]) -> Option<Attribute> {
        let mut shown = Vec::with_capacity(values.len());
        let word = self.word(key)?;
        let check = match word.text.as_ref() {
            "state" => AttributeCheck::State(self.each(values, &mut shown, Self::state)?),
            "local" => AttributeCheck::Local(self.each(values, &mut shown, Self::address_value)?),
            "peer" => AttributeCheck::Peer(self.each(values, &mut shown, Self::address_value)?),
            "unread" => AttributeCheck::Unread(self.each(values, &mut shown, Self::size_value)?),
            "unsent" => AttributeCheck::Unsent(self.each(values, &mut shown, Self::size_value)?),
            "queue" => AttributeCheck::Queue(self.each(values, &mut shown, Self::count_value)?),
            "backlog" => AttributeCheck::Backlog(self.each(values, &mut shown, Self::count_value)?),
            "poll" => {
                let events = self.poll_events(values)?;
                shown.push(events.to_string());
                AttributeCheck::Poll(events)
            }
            "SIOCATMARK" => AttributeCheck::AtMark(self.switch(values, &mut shown)?),
            "O_NONBLOCK" => AttributeCheck::Nonblock(self.switch(values, &mut shown)?),
            name => {
                let option = self.readable_option(name, key.span)?;
                if option.kind == ValueKind::Credentials {
                    AttributeCheck::PeerCredentials(self.each(values, &mut shown, Self::whose)?)
                } else {
                    let read = |builder: &mut Self, value: &Scalar| builder.option_value((&option, name), value);
                    let wanted = self.each(values, &mut shown, read)?;
                    AttributeCheck::Option(option, wanted)
                }
            }
        };
        let shown = match shown.as_slice() {
            [one] => format!("{}={one}", word.shown()),
            several => format!("{}=[{}]", word.shown(), several.join(", ")),
        };
        Some(Attribute { span: key.span, shown, check })
    }

    /// An option that getsockopt(2) knows.
    fn readable_option(&mut self, name: &str, span: Span) -> Option<SocketOption> {
        let Some(option) = super::option::find(name) else {
            self.unknown_attribute(name, span);
            return None;
        };
        if !option.can_be_read() {
            let finding = Diagnostic::error("write-only-option", span, format!("`{name}` can be set, not asked for"));
            self.report(finding.help("what a member receives tells of its membership: `recv`, or `expect: silence`"));
            return None;
        }
        Some(option)
    }

    fn unknown_attribute(&mut self, name: &str, span: Span) {
        if name.contains(':') {
            self.unknown_option(name, span, std::iter::empty());
            return;
        }
        let conditions = CONDITIONS.contains(&name);
        let event = PollEvents::parse(name);
        let finding = Diagnostic::error("unknown-attribute", span, format!("unknown attribute `{name}`"));
        let attributes = ATTRIBUTES.iter().map(|word| word.name);
        let known = attributes.clone().chain(OPTIONS.iter().map(|option| option.name));
        self.report(if conditions {
            finding.help(format!("`{name}` is a condition: write `{{expect: {name}}}`"))
        } else if let Some(event) = event {
            finding.help(format!("it is an event: write `poll: {event}`, with all the others that are set"))
        } else if let Some(near) = nearest(name, known) {
            finding.help(format!("did you mean `{near}`?"))
        } else {
            finding.help(format!(
                "the attributes are {}, and every socket option",
                attributes.collect::<Vec<_>>().join(", ")
            ))
        });
    }

    /// Every value, with how a trace shows it.
    pub(super) fn each<T>(
        &mut self,
        values: &[Scalar],
        shown: &mut Vec<String>,
        mut read: impl FnMut(&mut Self, &Scalar) -> Option<(T, String)>,
    ) -> Option<Vec<T>> {
        let mut all = Vec::with_capacity(values.len());
        let mut sound = true;
        for value in values {
            match read(self, value) {
                Some((value, words)) => {
                    all.push(value);
                    shown.push(words);
                }
                None => sound = false,
            }
        }
        sound.then_some(all)
    }

    fn state(&mut self, value: &Scalar) -> Option<(TcpState, String)> {
        let word = self.word(value)?;
        if let Some(state) = TcpState::parse(&word.text) {
            return Some((state, word.shown().to_owned()));
        }
        let names = TcpState::ALL.into_iter().map(TcpState::name);
        let finding = Diagnostic::error("unknown-state", value.span, format!("unknown TCP state `{}`", word.text));
        let meant = TcpState::meant(&word.text).map(TcpState::name).or_else(|| nearest(&word.text, names.clone()));
        self.report(if let Some(near) = meant {
            finding.help(format!("did you mean `{near}`? The names are those of RFC 9293"))
        } else {
            let all: Vec<&str> = names.collect();
            finding.help(format!("the states are {}", all.join(", ")))
        });
        None
    }

    /// The events of poll(2), which are a set.
    fn poll_events(&mut self, values: &[Scalar]) -> Option<PollEvents> {
        let mut events = PollEvents::default();
        for value in values {
            let word = self.word(value)?;
            match PollEvents::parse(&word.text) {
                Some(event) if events.and(event) == events => {
                    let finding =
                        Diagnostic::error("unknown-event", value.span, format!("`{}` stands here twice", word.text));
                    self.report(finding.help("the events are a set: write each of them once"));
                    return None;
                }
                Some(event) => events = events.and(event),
                None if word.text == "none" && values.len() == 1 => {}
                None => {
                    self.unknown_event(&word.text, value.span);
                    return None;
                }
            }
        }
        Some(events)
    }

    fn unknown_event(&mut self, name: &str, span: Span) {
        if name == "none" {
            let finding = Diagnostic::error("unknown-event", span, "`none` stands beside events of poll(2)");
            self.report(finding.help("leave it out, or write `poll: none`"));
            return;
        }
        let finding = Diagnostic::error("unknown-event", span, format!("poll(2) has no event `{name}`"));
        let several: Vec<&str> = name.split(['|', ',', '+', ' ']).filter(|word| !word.is_empty()).collect();
        if several.len() > 1 && several.iter().all(|word| PollEvents::parse(word).is_some()) {
            self.report(finding.help(format!("several events are a list: write `[{}]`", several.join(", "))));
            return;
        }
        let upper = name.to_uppercase();
        let meant = PollEvents::parse(&upper).map(|event| event.to_string());
        let bare = upper.trim_start_matches("POL").trim_start_matches('L');
        self.report(match meant.or_else(|| nearest(bare, PollEvents::names()).map(str::to_owned)) {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None => finding
                .help(format!("the events are {}, or `none`", PollEvents::names().collect::<Vec<_>>().join(", "))),
        });
    }

    /// `true` or `false`.
    fn switch(&mut self, values: &[Scalar], shown: &mut Vec<String>) -> Option<bool> {
        let [value] = values else {
            let (first, last) = (values.first()?.span, values.last()?.span);
            let finding = Diagnostic::error("bad-boolean", first.to(last), "several values, where one is right");
            self.report(finding.help("write `true` or `false`"));
            return None;
        };
        let word = self.word(value)?;
        let is = match word.text.as_ref() {
            "true" => true,
            "false" => false,
            text => {
                let message = format!("`{text}` is neither `true` nor `false`");
                let finding = Diagnostic::error("bad-boolean", value.span, message);
                self.report(finding.help("write `true` or `false`"));
                return None;
            }
        };
        shown.push(word.shown().to_owned());
        Some(is)
    }

    fn address_value(&mut self, value: &Scalar) -> Option<(Target, String)> {
        self.target(value, Purpose::Compare).map(|shown| (shown.target, shown.words))
    }

    fn size_value(&mut self, value: &Scalar) -> Option<(Number, String)> {
        let shown = self.text(value)?.shown().into_owned();
        self.size(value).map(|size| (size, shown))
    }

    /// A number of connections.
    fn count_value(&mut self, value: &Scalar) -> Option<(Number, String)> {
        let shown = self.text(value)?.shown().into_owned();
        self.number(value, u32::MAX.into()).map(|number| (number, shown))
    }
}
