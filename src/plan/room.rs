//! How much the streams of a spec may hold at a time: the buffers of its sockets can be made that
//! small, and everything still runs as written.

use std::collections::{BTreeMap, HashMap};

use crate::model::option::SocketOption;

use super::build::payload::known_size;
use super::pattern::{Form, Pattern};
use super::template::Template;
use super::walk::{any, inner};
use super::{Action, Attribute, AttributeCheck, Call, Condition, Lane, Mode, Plan, Step, Target, Verb};

/// What the kernel counts for a segment, whatever is in it.
const SEGMENT: u64 = 2304;

/// The options by which a spec speaks of buffers, and of what fits into them.
const SIZES: &[&str] = &[
    "SO_SNDBUF",
    "SO_RCVBUF",
    "SO_SNDBUFFORCE",
    "SO_RCVBUFFORCE",
    "SO_SNDLOWAT",
    "SO_RCVLOWAT",
    "TCP_WINDOW_CLAMP",
    "TCP_NOTSENT_LOWAT",
    "TCP_MAXSEG",
];

impl Plan {
    /// Whether the spec is about the sizes of buffers: it sets them, sends until one is full, or looks at
    /// what is in them.
    pub fn is_about_sizes(&self) -> bool {
        any(&self.steps, &mut |call| match &call.verb {
            Verb::Set(options) => options.iter().any(|(option, _)| is_size(option)),
            Verb::ExpectAttributes(attributes) => attributes.iter().any(is_about_sizes),
            Verb::Expect { conditions, .. } => conditions.contains(&Condition::Writable),
            Verb::Send { .. } => call.mode != Mode::Waiting,
            _ => false,
        })
    }

    /// What its streams need of their buffers; `None` where that is not known before it runs: programs
    /// send what they like.
    pub fn room(&self) -> Option<Room> {
        if any(&self.steps, &mut |call| matches!(call.verb, Verb::Run(_))) {
            return None;
        }
        let (held, sent) = (held(&self.steps, &self.peers())?, held(&self.steps, &HashMap::new())?);
        Some(Room { held, sent })
    }

    /// The two ends of each connection of which the spec says who they are, each with the other.
    pub fn peers(&self) -> HashMap<String, String> {
        let mut made = Connections::default();
        any(&self.steps, &mut |call| {
            made.note(call);
            false
        });
        made.pairs()
    }
}

/// What the streams of a spec need of their buffers, in bytes as the kernel counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Room {
    /// How much all of them together hold at most at a time.
    pub held: u64,
    /// How much is sent in all.
    pub sent: u64,
}

fn is_size(option: &SocketOption) -> bool {
    SIZES.contains(&option.name)
}

fn is_about_sizes(attribute: &Attribute) -> bool {
    match &attribute.check {
        AttributeCheck::Unsent(_) => true,
        AttributeCheck::Option(option, _) => is_size(option),
        _ => false,
    }
}

/// What is sent, and may not have been received.
fn held(steps: &[Step], peers: &HashMap<String, String>) -> Option<u64> {
    let mut sum = 0_u64;
    for step in steps {
        let held = match &step.action {
            Action::Call(call) => sent(call)?,
            Action::Parallel { lanes, barriers, .. } => {
                let counted = lanes.iter().filter(|lane| !barriers.is_empty() || !is_drained(lane, lanes, peers));
                counted.map(|lane| held(&lane.steps, peers)).sum::<Option<u64>>()?
            }
            Action::Repeat { count, steps, .. } => held(steps, peers)?.saturating_mul(*count),
            // Tries that fail leave what they sent.
            Action::Retry { steps, .. } if held(steps, peers)? > 0 => return None,
            _ => inner(step).into_iter().map(|steps| held(steps, peers)).sum::<Option<u64>>()?,
        };
        sum = sum.saturating_add(held);
    }
    Some(sum)
}

fn sent(call: &Call) -> Option<u64> {
    match &call.verb {
        Verb::Send { payload, .. } => known_size(payload).map(|size| size.saturating_add(SEGMENT)),
        // A handshake, and what goes with each record after it.
        Verb::Tls(_) => None,
        _ => Some(0),
    }
}

/// Whether all that a lane does is to send, and all that another does is to receive it up to the
/// end, so that nothing of it is left.
fn is_drained(lane: &Lane, lanes: &[Lane], peers: &HashMap<String, String>) -> bool {
    let Some(writer) =
        only(&lane.steps, &|call| matches!(call.verb, Verb::Send { .. } | Verb::Shutdown { .. } | Verb::Close { .. }))
    else {
        return false;
    };
    let size = lane.steps.iter().map(size_of_send).sum::<Option<u64>>();
    lanes.iter().any(|other| {
        let reader =
            only(&other.steps, &|call| matches!(call.verb, Verb::Recv { peek: false, .. } | Verb::Expect { .. }));
        reader.is_some_and(|reader| peers.get(&writer) == Some(&reader)) && receives(&other.steps, size)
    })
}

/// The one endpoint of which all steps are, where they are such calls.
fn only(steps: &[Step], such: &impl Fn(&Call) -> bool) -> Option<String> {
    let mut name: Option<String> = None;
    for step in steps {
        let own = match &step.action {
            Action::Call(call) if such(call) && call.mode == Mode::Waiting && call.fails.is_empty() => {
                call.endpoint.known()?
            }
            Action::Repeat { steps, until: None, .. } => only(steps, such)?,
            _ => return None,
        };
        if name.get_or_insert_with(|| own.clone()) != &own {
            return None;
        }
    }
    name
}

fn size_of_send(step: &Step) -> Option<u64> {
    match &step.action {
        Action::Call(call) => match &call.verb {
            Verb::Send { payload, .. } => known_size(payload),
            _ => Some(0),
        },
        Action::Repeat { count, steps, .. } => {
            Some(steps.iter().map(size_of_send).sum::<Option<u64>>()?.saturating_mul(*count))
        }
        _ => None,
    }
}

/// Whether a lane receives so much, or all that comes.
fn receives(steps: &[Step], size: Option<u64>) -> bool {
    let to_the_end = any(steps, &mut |call| match &call.verb {
        Verb::Expect { conditions, .. } => conditions.contains(&Condition::Eof),
        Verb::Recv { pattern, .. } => pattern.takes_rest(),
        _ => false,
    });
    let taken = steps.iter().map(size_of_recv).sum::<Option<u64>>();
    to_the_end || taken.is_some_and(|taken| size.is_some_and(|size| taken >= size))
}

fn size_of_recv(step: &Step) -> Option<u64> {
    match &step.action {
        Action::Call(call) => match &call.verb {
            Verb::Recv { pattern: Pattern { form: Form::Exactly(payload), .. }, .. } => known_size(payload),
            _ => Some(0),
        },
        Action::Repeat { count, steps, .. } => {
            Some(steps.iter().map(size_of_recv).sum::<Option<u64>>()?.saturating_mul(*count))
        }
        _ => Some(0),
    }
}

/// Who connects to which listener, and who is accepted from it.
#[derive(Default)]
struct Connections {
    clients: BTreeMap<String, Vec<String>>,
    accepted: BTreeMap<String, Vec<String>>,
    named: Vec<(String, String)>,
}

impl Connections {
    fn note(&mut self, call: &Call) {
        let Some(name) = call.endpoint.known() else { return };
        match &call.verb {
            Verb::Pair { other, .. } => self.named.extend(other.known().map(|other| (name, other))),
            Verb::Accept { from: Some(from), .. } => self.named.extend(from.known().map(|from| (name, from))),
            Verb::Accept { listener, from: None } => {
                if let Some(listener) = listener.known() {
                    self.accepted.entry(listener).or_default().push(name);
                }
            }
            Verb::Connect { to: Target::Endpoint(to), .. } => {
                if let Some(listener) = Template::known(to) {
                    self.clients.entry(listener).or_default().push(name);
                }
            }
            _ => {}
        }
    }

    /// Of a listener with one client it is plain whose connection is accepted.
    fn pairs(mut self) -> HashMap<String, String> {
        for (listener, accepted) in &self.accepted {
            if let ([conn], Some([client])) = (accepted.as_slice(), self.clients.get(listener).map(Vec::as_slice)) {
                self.named.push((conn.clone(), client.clone()));
            }
        }
        let both = self.named.into_iter().flat_map(|(one, other)| [(one.clone(), other.clone()), (other, one)]);
        both.collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::plan::tests::plan_of;

    fn held(steps: &str) -> Option<u64> {
        plan_of(&format!("about: A test.\nsteps:\n{steps}")).room().map(|room| room.held)
    }

    const CONNECTED: &str = "  - s: {listen: tcp}\n  - a: {connect: s}\n  - b: {accept: s}\n";

    #[test]
    fn what_is_sent_in_sequence_is_counted() {
        let steps = format!("{CONNECTED}  - a: {{send: \"hello\"}}\n  - b: {{recv: hello}}\n");
        assert_eq!(held(&steps), Some(5 + SEGMENT));
        let again = format!("{steps}  - repeat: 10\n    steps:\n      - b: {{send: x}}\n      - a: {{recv: x}}\n");
        assert_eq!(held(&again), Some(5 + SEGMENT + 10 * (1 + SEGMENT)));
    }

    #[test]
    fn what_another_lane_receives_up_to_its_end_is_not() {
        let lanes = |writer: &str, reader: &str| {
            format!("{CONNECTED}  - parallel:\n      w: [{writer}]\n      r: [{reader}]\n")
        };
        let all = "{a: {send: {fill: x, size: 1MiB}}}";
        let received = "{b: {recv: {fill: x, size: 1MiB}}}";
        assert_eq!(held(&lanes(all, received)), Some(0));
        assert_eq!(held(&lanes(all, "{b: {recv: {bytes: 7}}}, {b: {recv: {rest: true}}}")), Some(0), "to the end");
        // Something of it may be left.
        let counted = Some((1 << 20) + SEGMENT);
        assert_eq!(held(&lanes(all, "{b: {recv: {bytes: 7}}}")), counted);
        assert_eq!(held(&lanes(&format!("{all}, {{a: {{recv: y}}}}"), received)), counted, "it waits itself");
        let waits = format!("{{barrier: go}}, {received}");
        assert_eq!(held(&lanes(&format!("{all}, {{barrier: go}}"), &waits)), counted, "there is a barrier");
    }

    #[test]
    fn specs_about_buffers_are_told() {
        let about =
            |step: &str| plan_of(&format!("about: A test.\nsteps:\n{CONNECTED}  - a: {step}\n")).is_about_sizes();
        assert!(about("{set: {SO_SNDBUF: 4096}}"));
        assert!(about("{expect: {unsent: 0}}"));
        assert!(about("{expect: {SO_RCVBUF: 4096}}"));
        assert!(about("{send: x, nonblocking: true}"));
        assert!(!about("{set: {TCP_NODELAY: true}}"));
        assert!(!about("{expect: {unread: 0}}"));
    }
}
