//! A run: every test with what it did.

use maud::html;

use super::super::run::RunReport;
use super::frame::Page;

/// The page of a run.
pub fn run(report: &RunReport) -> String {
    let main = html! {
        ol { @for spec in &report.specs { @for test in &spec.tests { li { (test.name) } } } }
    };
    Page { title: "sockspec run", summary: html! {}, filter: None, main, keys: &[] }.finish()
}
