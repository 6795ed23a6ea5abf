//! scratch
use sockspec::exec::{Options, Runtime};
use sockspec::plan::{self, Settings};
use sockspec::source::SourceFile;
use sockspec::{spec, trace};
use std::time::Instant;
fn main() {
    let text = "about: An echo.\nsteps:\n  - server: {listen: tcp}\n  - client: {connect: server}\n  - conn:   {accept: server}\n  - client: {send: \"ping\"}\n  - conn:   {recv: \"ping\"}\n  - conn:   {send: \"pong\"}\n  - client: {recv: \"pong\"}\n  - client: close\n  - conn:   {expect: eof}\n  - conn:   close\n";
    let mut rt = Runtime::new().unwrap();
    let n = 2000;
    let (mut a, mut b, mut c, mut d) = (0u128, 0u128, 0u128, 0u128);
    for _ in 0..n {
        let t = Instant::now();
        let source = SourceFile::new("x.yaml", "x.yaml", text);
        let parsed = spec::parse(&source);
        a += t.elapsed().as_nanos();
        let t = Instant::now();
        let mut diagnostics = parsed.diagnostics;
        let settings = Settings { timeout_factor: 1.0, ..Settings::default() };
        let cases = plan::cases(&parsed.spec, &settings, &mut diagnostics);
        let plan = plan::build(&parsed.spec, &source, "x", &cases[0], &settings, &mut diagnostics).unwrap();
        b += t.elapsed().as_nanos();
        let t = Instant::now();
        let e = rt.execute(&plan, &source, &Options::default());
        c += t.elapsed().as_nanos();
        let t = Instant::now();
        let text = trace::text_of(&e.record);
        d += t.elapsed().as_nanos();
        assert!(text.len() > 10 && e.record.failure.is_none());
    }
    for (name, t) in [("parse", a), ("plan", b), ("exec", c), ("trace", d)] { println!("{name} {} ns", t / n); }
}
