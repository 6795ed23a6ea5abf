//! Diagrams as a page that stands alone.

use std::fmt::Write as _;

use super::Diagram;
use super::svg::{self, escaped};

const PAGE: &str = include_str!("html/page.css");

/// A page with a section a diagram.
pub fn html(diagrams: &[Diagram]) -> String {
    let title = match diagrams {
        [one] => escaped(&one.title()),
        many => format!("{} tests", many.len()),
    };
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <title>{title}</title>\n<style>\n{PAGE}{}</style>\n</head>\n<body>\n",
        svg::STYLE
    );
    if diagrams.len() > 1 {
        out.push_str("<nav><ul>\n");
        for (at, diagram) in diagrams.iter().enumerate() {
            let _ = writeln!(out, "<li><a href=\"#d{at}\">{}</a></li>", escaped(&diagram.title()));
        }
        out.push_str("</ul></nav>\n");
    }
    for (at, diagram) in diagrams.iter().enumerate() {
        section(&mut out, at, diagram);
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn section(out: &mut String, at: usize, diagram: &Diagram) {
    let _ = writeln!(out, "<section id=\"d{at}\">\n<h2>{}</h2>", escaped(&diagram.title()));
    if let Some(failure) = &diagram.failure {
        let _ = writeln!(out, "<p class=\"failure\">Failed: {}</p>", escaped(failure));
    }
    out.push_str("<div class=\"scroll\" tabindex=\"0\">\n");
    svg::push(out, diagram, None);
    out.push_str("</div>\n</section>\n");
}
