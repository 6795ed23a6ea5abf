//! A fuzz target on stable Rust: arbitrary bytes, and words of the language in arbitrary order.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use sockspec::spec::words;

use super::{check, seed, setting};

/// Runs a check on generated values, the same in every run. What fails is made as small as it goes.
fn fuzz<S: Strategy>(strategy: &S, cases: u64, test: impl Fn(S::Value)) {
    let cases = setting("SOCKSPEC_FUZZ_CASES", cases).try_into().unwrap_or(u32::MAX);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed().to_le_bytes());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let result = runner.run(strategy, |value| {
        test(value);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

/// A text of the size of a scalar.
fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("\"x\"".to_owned()),
        Just("tcp".to_owned()),
        Just("200ms".to_owned()),
        Just("${a}".to_owned()),
        Just("EPIPE".to_owned()),
        any::<u64>().prop_map(|number| number.to_string()),
        "[ -~]{0,12}",
        "\\PC{0,6}",
        any::<String>().prop_map(|text| serde_json::to_string(&text).expect("a text can be quoted")),
    ]
}

/// A word that the language has somewhere.
fn word() -> impl Strategy<Value = String> {
    let words: Vec<_> = words::TOP_LEVEL
        .iter()
        .chain(words::STEPS.iter().flat_map(|step| std::iter::once(&step.word).chain(step.beside)))
        .chain(words::VERBS.iter().flat_map(|verb| std::iter::once(&verb.word).chain(verb.modifiers)))
        .chain(words::FORMS.iter().flat_map(|form| std::iter::once(&form.word).chain(form.beside)))
        .chain(words::ATTRIBUTES)
        .chain(words::CONDITIONS)
        .chain(words::COMPANIONS)
        .map(|word| word.name.to_owned())
        .collect();
    prop::sample::select(words)
}

/// A value in flow style, made of the language's words.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![scalar(), word()];
    leaf.prop_recursive(5, 24, 4, |inner| {
        let entry = (word(), inner.clone()).prop_map(|(key, value)| format!("{key}: {value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::vec(entry, 0..4).prop_map(|entries| format!("{{{}}}", entries.join(", "))),
        ]
    })
}

#[test]
fn arbitrary_bytes_are_checked_without_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    fuzz(&prop::collection::vec(any::<u8>(), 0..300), 500, |bytes| drop(check(folder.path(), &bytes)));
}

#[test]
fn arbitrary_steps_are_checked_without_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let steps = prop::collection::vec((word(), value()), 1..5);
    fuzz(&steps, 1500, |steps| {
        let lines: Vec<_> = steps.iter().map(|(key, value)| format!("  - {{a: {{{key}: {value}}}}}\n")).collect();
        check(folder.path(), format!("about: Arbitrary.\nsteps:\n{}", lines.concat()).as_bytes());
    });
}

#[test]
fn arbitrary_top_levels_are_checked_without_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    fuzz(&prop::collection::vec((word(), value()), 0..6), 1000, |entries| {
        let lines: Vec<_> = entries.iter().map(|(key, value)| format!("{key}: {value}\n")).collect();
        check(folder.path(), lines.concat().as_bytes());
    });
}
