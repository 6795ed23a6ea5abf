#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]
use crate::source::SourceFile;
#[test]
fn dump() {
    let Ok(path) = std::env::var("DUMP") else { return };
    let files: Vec<String> = path.split_whitespace().map(str::to_owned).collect();
    for f in files {
        let source = SourceFile::read(std::path::Path::new(&f), f.clone()).unwrap();
        let parsed = crate::spec::parse(&source);
        for d in &parsed.diagnostics {
            let l = source.location(d.span.start);
            eprintln!("{}:{}:{} {} {} [{}] =={:?}== help {:?}", f, l.line, l.column, d.code, d.message, d.label, source.slice(d.span), d.help);
        }
        if std::env::var("TREE").is_ok() { eprintln!("{:#?}", parsed.spec); }
    }
}
