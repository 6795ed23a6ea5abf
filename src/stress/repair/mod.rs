//! What would mend a race: changes of a spec's text, each of which decides which of two steps
//! comes first, or says that either may.
//!
//! They are proposals. Whether one makes the spec sound is found by running the changed text, and
//! nothing is shown that was not tried. Each is made of the places of the syntax tree, so comments,
//! blank lines and the style of the file stay as they are.
//!
//! `scene` has the two steps and where their ways part, `edit` changes a text at the places of
//! steps; the others make proposals, each of one kind.

mod accept;
mod barrier;
mod edit;
mod effect;
mod framing;
mod lanes;
mod outcome;
mod queue;
mod scene;
mod sequence;
#[cfg(test)]
mod tests;
mod turns;
mod words;

use crate::diagnostic::{Diagnostic, Severity};
use crate::plan::{self, Plan, Settings};
use crate::source::SourceFile;
use crate::spec;
use crate::trace::record::Record;

use edit::Change;
use scene::Scene;

/// Two steps whose order matters, while nothing in the spec decides it: where each begins, the first byte
/// of its place in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// The one that came first in the run that was not perturbed.
    pub first: u32,
    /// The other.
    pub second: u32,
}

/// A change of a spec that may mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What to do, as a writer of specs is told.
    pub words: String,
    /// The whole spec with the change.
    pub text: String,
}

/// A candidate whose text is not made yet.
#[derive(Debug)]
struct Proposal {
    words: String,
    changes: Vec<Change>,
}

/// The changes that may mend a race between two steps, the most natural first; of those that are
/// equally natural, first those that keep the order of the run that was not perturbed. Of `ways`
/// the first is how that run went, the others are how other runs did. Each gives a spec that is
/// in order.
pub fn candidates(source: &SourceFile, plan: &Plan, pair: Pair, ways: &[&Record]) -> Vec<Candidate> {
    let spec = spec::parse(source).spec;
    let scene = Scene::new(source, &spec, plan, pair, ways);
    let known = errors(source);
    let mut found: Vec<Candidate> = Vec::new();
    for Proposal { words, changes } in proposals(&scene) {
        let Some(text) = edit::apply(source, changes) else { continue };
        let is_new = text != source.text() && found.iter().all(|candidate| candidate.text != text);
        if is_new && is_in_order(source, &text, &known) {
            found.push(Candidate { words, text });
        }
    }
    found
}

/// Whatever may mend it, the most natural first.
fn proposals(scene: &Scene<'_>) -> Vec<Proposal> {
    let mut all = framing::proposals(scene);
    all.extend(accept::proposals(scene));
    if let Some(apart) = &scene.apart {
        all.extend(effect::drained(scene, apart));
        for turned in [false, true] {
            let (before, after) = if turned { (&apart.second, &apart.first) } else { (&apart.first, &apart.second) };
            all.extend(barrier::proposals(scene, apart, before, after));
            all.extend(effect::waits(scene, apart, before, after));
        }
        all.extend(turns::proposals(scene, apart));
        all.extend(lanes::proposals(scene, apart));
        all.extend(queue::proposals(scene, apart));
    }
    all.extend(outcome::proposals(scene));
    all.extend(scene.apart.iter().filter_map(|apart| sequence::proposal(scene, apart)));
    all
}

/// Whether a changed text has no mistake that the spec did not have.
fn is_in_order(source: &SourceFile, text: &str, known: &[String]) -> bool {
    let changed = SourceFile::new(source.name(), source.path(), text);
    errors(&changed).iter().all(|error| known.contains(error))
}

/// What is wrong with a spec.
fn errors(source: &SourceFile) -> Vec<String> {
    let spec::Parsed { spec, diagnostics: mut found } = spec::parse(source);
    found.extend(plan::check(&spec, source, "test", &Settings::default()));
    let error = |finding: Diagnostic| (finding.severity == Severity::Error).then_some(finding.message);
    found.into_iter().filter_map(error).collect()
}
