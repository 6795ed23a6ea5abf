//! Diagrams in the language of Mermaid, which GitHub, GitLab and many editors draw.

use std::fmt::Write as _;

use super::{BlockKind, Diagram, Kind, Row, Shape, Step};

/// A diagram.
pub fn mermaid(diagram: &Diagram) -> String {
    let mut out = String::from("sequenceDiagram\n");
    let _ = writeln!(out, "  %% {}", diagram.title().replace(['\n', '{', '}'], " "));
    for (at, column) in diagram.columns.iter().enumerate() {
        let _ = writeln!(out, "  participant c{at} as {}", escaped(&column.name));
    }
    push_rows(&mut out, &diagram.rows, diagram.columns.len(), 1);
    out
}

fn push_rows(out: &mut String, rows: &[Row], columns: usize, depth: usize) {
    let indent = "  ".repeat(depth);
    for row in rows {
        match row {
            Row::Step(step) => {
                out.push_str(&indent);
                push_step(out, step, columns);
                out.push('\n');
            }
            Row::Block(block) if block.kind == BlockKind::Parallel => {
                for (at, part) in block.parts.iter().enumerate() {
                    let word = if at == 0 { "par" } else { "and" };
                    let _ = writeln!(out, "{indent}{word} {}", escaped(&part.title));
                    push_rows(out, &part.rows, columns, depth + 1);
                }
                let _ = writeln!(out, "{indent}end");
            }
            Row::Block(block) => {
                for part in &block.parts {
                    let title = if block.kind == BlockKind::Retry { "retry" } else { &part.title };
                    let _ = writeln!(out, "{indent}loop {}", escaped(title));
                    push_rows(out, &part.rows, columns, depth + 1);
                    let _ = writeln!(out, "{indent}end");
                }
            }
        }
    }
}

fn push_step(out: &mut String, step: &Step, columns: usize) {
    let label = escaped(&step.label);
    let label = if step.kind == Kind::Failure { format!("✗ {label}") } else { label };
    let _ = match step.shape {
        Shape::Arrow { from: Some(from), to: Some(to) } => write!(out, "c{from}{}c{to}: {label}", arrow(step)),
        Shape::Arrow { from: Some(from), to: None } => write!(out, "Note right of c{from}: → {label}"),
        Shape::Arrow { to: Some(to), .. } => write!(out, "Note right of c{to}: ← {label}"),
        Shape::At(column) => write!(out, "Note over c{column}: {label}"),
        _ if columns > 1 => write!(out, "Note over c0,c{}: {label}", columns - 1),
        _ if columns == 1 => write!(out, "Note over c0: {label}"),
        _ => write!(out, "%% {label}"),
    };
}

fn arrow(step: &Step) -> &'static str {
    match step.kind {
        Kind::Refused => "-x",
        Kind::Reset => "--x",
        Kind::Both => "->",
        Kind::Message if step.received.is_none() => "-)",
        Kind::End if step.received.is_none() => "--)",
        Kind::Connection | Kind::End => "-->>",
        _ => "->>",
    }
}

/// A text in which nothing has a meaning for Mermaid, or for the HTML that it makes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '#' => out.push_str("#35;"),
            ';' => out.push_str("#59;"),
            '<' => out.push_str("#60;"),
            '>' => out.push_str("#62;"),
            '&' => out.push_str("#38;"),
            // A comment begins with two.
            '%' => out.push_str("#37;"),
            '\n' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
