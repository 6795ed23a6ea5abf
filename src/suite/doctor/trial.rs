//! Small specs of the doctor's own: what they need works if they pass.

use crate::exec::{Ended, Execution, Options, Runtime};
use crate::plan::{self, Case, Plan, Settings};
use crate::source::SourceFile;
use crate::spec;

/// A datagram on a loopback device, which must be captured.
const CAPTURE: &str = "\
about: What crosses an isolated network is captured.
network: isolated
steps:
  - server: {bind: udp}
  - client: {connect: server}
  - client: {send: sockspec}
  - server: {recv: sockspec}
";

/// A datagram from one host to another.
const HOSTS: &str = "\
about: One host reaches another.
timeout: 1s
network: {hosts: {a: 10.0.0.1, b: 10.0.0.2}}
steps:
  - server: {bind: udp, host: a}
  - client: {connect: server, host: b}
  - client: {send: sockspec}
  - server: {recv: sockspec}
";

/// Whether frames of an isolated network are captured.
pub(super) fn capture() -> Result<(), String> {
    let execution = run(CAPTURE)?;
    if execution.frames.is_empty() { Err("a datagram crossed the network unseen".to_owned()) } else { Ok(()) }
}

/// Whether there can be hosts that reach each other.
pub(super) fn hosts() -> Result<(), String> {
    run(HOSTS).map(drop)
}

fn run(text: &str) -> Result<Execution, String> {
    let source = SourceFile::new("doctor.yaml", "doctor.yaml", text);
    let plan = plan_of(&source).ok_or("the doctor's own spec is invalid, which is a bug")?;
    let mut runtime = Runtime::new().map_err(|error| error.to_string())?;
    let execution = runtime.execute(&plan, &source, &Options { keep_frames: true, ..Options::default() });
    match &execution.ended {
        Ended::Completed => Ok(execution),
        Ended::CouldNotRun(reason) => Err(reason.clone()),
        Ended::Failed | Ended::Cancelled { .. } => Err("a datagram does not arrive".to_owned()),
    }
}

fn plan_of(source: &SourceFile) -> Option<Plan> {
    let parsed = spec::parse(source);
    let mut findings = parsed.diagnostics;
    let settings = Settings::default();
    let cases = plan::cases(&parsed.spec, &settings, &mut findings);
    let case: &Case = cases.first()?;
    plan::build(&parsed.spec, source, "doctor", case, &settings, &mut findings)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_specs_are_valid() {
        for text in [CAPTURE, HOSTS] {
            let plan = plan_of(&SourceFile::new("doctor.yaml", "doctor.yaml", text)).unwrap();
            assert!(plan.topology.is_some());
        }
    }
}
