//! Tests by the values of their matrix, and which of the values makes their traces differ.

use maud::{Markup, html};

use super::super::super::run::RunReport;
use super::super::words;
use super::story::Story;

/// How many colours there are for letters.
const COLORS: usize = 6;

/// A table for each spec with a matrix; `None` where there is none.
pub(super) fn section(report: &RunReport, stories: &[Story<'_>]) -> Option<Markup> {
    let of = |at: usize| stories.iter().filter(|story| story.at == at && !story.result.values.is_empty()).collect();
    let matrices: Vec<Matrix<'_>> =
        (0..report.specs.len()).map(of).filter(|cases: &Vec<_>| cases.len() > 1).map(Matrix::of).collect();
    (!matrices.is_empty()).then(|| {
        html! {
            section aria-labelledby="matrices" {
                h2 #matrices tabindex="-1" { "By matrix value" }
                p.quiet { "Cases with the same letter gave the same trace." }
                @for matrix in &matrices { (matrix.draw()) }
            }
        }
    })
}

/// The cases of a spec.
struct Matrix<'r> {
    cases: Vec<&'r Story<'r>>,
    /// The letter of each case's trace, from 0; `None` where it has not run to its end.
    groups: Vec<Option<usize>>,
    /// The names of the variables, each with its values, in written order.
    axes: Vec<(&'r str, Vec<&'r str>)>,
}

impl<'r> Matrix<'r> {
    fn of(cases: Vec<&'r Story<'r>>) -> Self {
        let mut axes: Vec<(&str, Vec<&str>)> = Vec::new();
        for (at, (name, value)) in cases.iter().flat_map(|case| case.result.values.iter().enumerate()) {
            if at == axes.len() {
                axes.push((name, Vec::new()));
            }
            if !axes[at].1.contains(&value.as_str()) {
                axes[at].1.push(value);
            }
        }
        Self { groups: groups(&cases), cases, axes }
    }

    fn draw(&self) -> Markup {
        let name = self.cases[0].result.name.split('[').next().unwrap_or_default();
        html! {
            h3 { (name) }
            p { (self.decides()) }
            div.scroll tabindex="0" role="region" aria-label={ "Cases of " (name) } { (self.table()) }
        }
    }

    /// The values of the last variable are columns, if there is another one for the rows.
    fn table(&self) -> Markup {
        let (columns, rows) = match self.axes.as_slice() {
            [rows @ .., columns] if !rows.is_empty() => (Some(columns), rows),
            rows => (None, rows),
        };
        let mut heads: Vec<Vec<&str>> = Vec::new();
        for case in &self.cases {
            let head: Vec<&str> = case.result.values[..rows.len()].iter().map(|(_, value)| value.as_str()).collect();
            if !heads.contains(&head) {
                heads.push(head);
            }
        }
        html! {
            table {
                thead {
                    tr {
                        @for (name, _) in rows { th scope="col" { (name) } }
                        @match columns {
                            Some((name, values)) => { @for value in values { th scope="col" { (name) "=" (value) } } }
                            None => { th scope="col" { "verdict" } }
                        }
                    }
                }
                tbody {
                    @for head in &heads {
                        tr {
                            @for value in head { th scope="row" { (value) } }
                            @match columns {
                                Some((_, values)) => { @for value in values { (self.cell(head, Some(value))) } }
                                None => { (self.cell(head, None)) }
                            }
                        }
                    }
                }
            }
        }
    }

    fn cell(&self, head: &[&str], last: Option<&str>) -> Markup {
        let wanted = || head.iter().copied().chain(last);
        let is_it = |case: &&Story<'r>| case.result.values.iter().map(|(_, value)| value.as_str()).eq(wanted());
        let Some(at) = self.cases.iter().position(is_it) else { return html! { td.quiet { "–" } } };
        let case = self.cases[at];
        html! {
            td {
                @if let Some(group) = self.groups[at] { (letter(group)) " " }
                a href={ "#" (case.id) } { (words::verdict(case.result.outcome.verdict())) }
            }
        }
    }

    /// In words, which variables make the traces differ.
    fn decides(&self) -> Markup {
        let ended = self.groups.iter().flatten().count();
        let letters = self.groups.iter().flatten().max().map_or(0, |last| last + 1);
        if ended < 2 {
            return html! { "Fewer than two cases have run to their end." };
        }
        if letters == 1 {
            return html! { "All " (ended) " cases " @if ended < self.cases.len() { "that have ended " } "gave the same trace." };
        }
        if let Some((axis, (name, values))) =
            self.axes.iter().enumerate().find(|(axis, _)| self.is_decided_by(&[*axis]))
        {
            return html! {
                code { (name) } " alone decides: "
                @for (at, value) in values.iter().enumerate() {
                    @if at > 0 { ", " }
                    code { (value) } " "
                    @match self.group_of(axis, value) { Some(group) => { (letter(group)) } None => { "?" } }
                }
            };
        }
        let pairs = (0..self.axes.len()).flat_map(|one| (one + 1..self.axes.len()).map(move |other| [one, other]));
        match pairs.into_iter().find(|pair| self.is_decided_by(pair)) {
            Some([one, other]) => {
                html! { code { (self.axes[one].0) } " and " code { (self.axes[other].0) } " decide together, none of them alone." }
            }
            None => {
                html! { "There are " (letters) " different traces, and no two variables alone decide which it is." }
            }
        }
    }

    /// Whether cases with the same values of these variables always gave the same trace.
    fn is_decided_by(&self, axes: &[usize]) -> bool {
        let values = |case: &Story<'r>| -> Vec<String> {
            axes.iter().filter_map(|axis| case.result.values.get(*axis)).map(|(_, value)| value.clone()).collect()
        };
        let known: Vec<_> = self
            .cases
            .iter()
            .zip(&self.groups)
            .filter_map(|(case, group)| group.map(|group| (values(case), group)))
            .collect();
        known.iter().all(|(values, group)| known.iter().all(|(other, its)| values != other || group == its))
    }

    fn group_of(&self, axis: usize, value: &str) -> Option<usize> {
        let mut of = self.cases.iter().zip(&self.groups).filter(|(case, _)| case.result.values[axis].1 == value);
        of.find_map(|(_, group)| *group)
    }
}

/// The same number for the same trace.
fn groups(cases: &[&Story<'_>]) -> Vec<Option<usize>> {
    let traces: Vec<Option<&str>> = cases.iter().map(|case| case.trace_of_end()).collect();
    let mut known: Vec<&str> = Vec::new();
    for trace in traces.iter().flatten() {
        if !known.contains(trace) {
            known.push(trace);
        }
    }
    traces.iter().map(|trace| known.iter().position(|known| Some(*known) == *trace)).collect()
}

fn letter(group: usize) -> Markup {
    let letters = u32::try_from(group).ok().and_then(|group| char::from_u32('A' as u32 + group % 26));
    let round = group / 26;
    html! {
        span class={ "letter g" (group % COLORS) } {
            (letters.unwrap_or('?')) @if round > 0 { (round) }
        }
    }
}
