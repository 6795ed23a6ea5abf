//! Steps without endpoint: what is in them, and what stands beside their words.

use super::value::takes;
use super::{At, Decoder, Entry, Kind, Node, names, scalar_of, shape, suggest};
use crate::diagnostic::Diagnostic;
use crate::model::name::nearest;
use crate::spec::ast::{Lane, Row, Scalar, Step, StepKind, Times};
use crate::spec::words::{self, StepWord, Value, find};

/// How many lanes one `parallel` may have.
const MAX_LANES: usize = 256;

/// How many rows one `repeat` may have.
const MAX_ROWS: usize = 1000;

impl Decoder<'_> {
    /// A step without endpoint.
    pub(super) fn block(
        &mut self,
        entry: &Entry<'_>,
        word: &'static StepWord,
        entries: &[Entry<'_>],
    ) -> Option<StepKind> {
        let at = At::from(&entry.key);
        for beside in entries.iter().filter(|other| other.key.span != entry.key.span) {
            self.beside_block(at, word, beside);
        }
        let node = &entry.value;
        match word.word.name {
            "parallel" => {
                let within = self.optional(entries, &word.beside[0]);
                Some(StepKind::Parallel { lanes: self.lanes(at, node)?, within })
            }
            "barrier" => {
                let within = self.optional(entries, &word.beside[0]);
                let name = self.scalar(at, node, takes(word.word.value))?;
                Some(StepKind::Barrier { name, within })
            }
            "repeat" => self.repeat(at, node, word, entries),
            "include" => self.include(at, node, word, entries).map(|include| StepKind::Include(Box::new(include))),
            "retry" => self.retry(at, node, entries),
            "let" => self.expressions(at, node).map(StepKind::Let),
            "assert" => self.scalar(at, node, takes(word.word.value)).map(StepKind::Assert),
            "link" => self.link(at, node).map(StepKind::Link),
            _ => self.scalar(at, node, takes(word.word.value)).map(StepKind::Pause),
        }
    }

    /// Names with their expressions.
    fn expressions(&mut self, at: At<'_>, node: &Node<'_>) -> Option<Vec<(Scalar, Scalar)>> {
        let entries = self.map(at, node, takes(Value::Expressions))?;
        if entries.is_empty() {
            self.error(
                Diagnostic::error("empty-map", node.span, format!("`{}` computes nothing", at.name))
                    .help("write a name and an expression: `- let: {n: \"m + 1\"}`"),
            );
            return None;
        }
        let expression = |entry: &Entry<'_>| {
            let value = self.scalar(At::from(&entry.key), &entry.value, takes(Value::Expression))?;
            Some((entry.key.scalar(), value))
        };
        let expressions: Vec<Option<_>> = entries.iter().map(expression).collect();
        expressions.into_iter().collect()
    }

    /// A key beside the word of a step without endpoint.
    fn beside_block(&mut self, block: At<'_>, word: &StepWord, entry: &Entry<'_>) {
        let at = At::from(&entry.key);
        if find(word.beside, at.name).is_some() {
            return;
        }
        let diagnostic = if words::step(at.name).is_some() {
            let message = format!("two steps in one: `{}` and `{}`", block.name, at.name);
            Diagnostic::error("second-step", at.span, message)
                .help(format!("begin a step of its own: `- {}: …`", at.name))
        } else {
            let message = format!("`{}` does not stand beside `{}`", at.name, block.name);
            let diagnostic = Diagnostic::error("unknown-key", at.span, message);
            if word.beside.is_empty() {
                diagnostic.help(format!("nothing stands beside `{}`; other steps begin with a dash", block.name))
            } else {
                suggest(diagnostic, at.name, names(word.beside.iter()))
            }
        };
        self.error(diagnostic);
    }

    fn lanes(&mut self, at: At<'_>, node: &Node<'_>) -> Option<Vec<Lane>> {
        let Kind::Mapping(entries) = &node.kind else {
            if let Kind::Sequence(_) = node.kind {
                self.error(
                    Diagnostic::error("wrong-shape", at.span, "`parallel` takes lanes with names, not a list")
                        .help("name the lanes: `- parallel: {reader: [steps], writer: [steps]}`"),
                );
            } else {
                self.wrong_shape(at, node, takes(Value::Lanes));
            }
            return None;
        };
        if entries.is_empty() {
            self.error(Diagnostic::error("no-steps", node.span, "`parallel` has no lanes").help("name at least two"));
            return None;
        }
        if let Some(entry) = entries.get(MAX_LANES) {
            self.error(
                Diagnostic::error(
                    "too-many-lanes",
                    entry.key.span,
                    format!("`parallel` has more than {MAX_LANES} lanes"),
                )
                .help("lanes are for what must overlap; many connections are opened by a `repeat`"),
            );
            return None;
        }
        let lane = |entry: &Entry<'_>| {
            // `within` may be written inside of the lanes' indentation by mistake.
            let at = At::from(&entry.key);
            if at.name == "within" && matches!(entry.value.kind, Kind::Scalar(..)) {
                self.error(
                    Diagnostic::error("misplaced-modifier", at.span, "`within` stands among the lanes")
                        .help("indent it like `parallel`, beside it"),
                );
                return None;
            }
            Some(Lane { name: entry.key.scalar(), steps: self.steps(at, &entry.value) })
        };
        Some(entries.iter().filter_map(lane).collect())
    }

    fn repeat(&mut self, at: At<'_>, node: &Node<'_>, word: &StepWord, entries: &[Entry<'_>]) -> Option<StepKind> {
        let times = match &node.kind {
            Kind::Sequence(nodes) => self.rows(at, nodes).map(Times::Rows),
            _ => self.scalar(at, node, takes(word.word.value)).map(Times::Count),
        };
        let steps = self.steps_beside(at, entries)?;
        let [_, name, until, vary, within] = word.beside else { return None };
        let name: Option<Scalar> = self.optional(entries, name);
        let until = self.optional(entries, until);
        let vary = self.optional(entries, vary);
        let within = self.optional(entries, within);
        if let (Some(Times::Rows(_)), None) = (&times, Self::entry(entries, "as")) {
            self.error(
                Diagnostic::error("missing-key", at.span, "the rows of this `repeat` have no name")
                    .help("write `as: row` beside it, and `${row.COLUMN}` in the steps"),
            );
            return None;
        }
        Some(StepKind::Repeat { times: times?, name, until, vary, within, steps })
    }

    fn retry(&mut self, at: At<'_>, node: &Node<'_>, entries: &[Entry<'_>]) -> Option<StepKind> {
        let time = self.scalar(at, node, takes(Value::Duration));
        let steps = self.steps_beside(at, entries)?;
        Some(StepKind::Retry { time: Some(time?), ready: None, steps })
    }

    /// The steps that must stand beside a block's word.
    fn steps_beside(&mut self, at: At<'_>, entries: &[Entry<'_>]) -> Option<Vec<Step>> {
        let Some(entry) = Self::entry(entries, "steps") else {
            self.error(
                Diagnostic::error("missing-key", at.span, format!("`{}` has no `steps`", at.name))
                    .help("write `steps:` beside it, with the steps under it"),
            );
            return None;
        };
        Some(self.steps(At::from(&entry.key), &entry.value))
    }

    /// The rows of a table.
    fn rows(&mut self, at: At<'_>, nodes: &[Node<'_>]) -> Option<Vec<Row>> {
        if nodes.is_empty() {
            self.error(
                Diagnostic::error("empty-repeat", at.span, "`repeat` has no rows")
                    .help("write at least one, such as `- {request: \"a\", reply: \"b\"}`"),
            );
            return None;
        }
        if let Some(node) = nodes.get(MAX_ROWS) {
            self.error(
                Diagnostic::error("too-many-rows", node.span, format!("`repeat` has more than {MAX_ROWS} rows"))
                    .help("leave some out, or write a spec for each kind"),
            );
            return None;
        }
        if let Some(node) = nodes.iter().find(|node| !matches!(node.kind, Kind::Mapping(_))) {
            let (at, what) = (At { name: at.name, span: node.span }, "rows that are maps of columns to values");
            self.wrong_shape(at, node, what);
            return None;
        }
        let rows: Vec<Option<Row>> = nodes.iter().map(|node| self.row(node)).collect();
        let rows: Vec<Row> = rows.into_iter().collect::<Option<_>>()?;
        self.same_columns(&rows).then_some(rows)
    }

    fn row(&mut self, node: &Node<'_>) -> Option<Row> {
        let Kind::Mapping(entries) = &node.kind else { return None };
        let value = |entry: &Entry<'_>| {
            let at = At::from(&entry.key);
            if let Kind::Sequence(_) | Kind::Mapping(_) = entry.value.kind {
                let message =
                    format!("a row's `{}` is a text, a number or a boolean, not {}", at.name, shape(&entry.value));
                self.error(
                    Diagnostic::error("wrong-shape", entry.value.span, message)
                        .help("write the form in the steps, and in the rows what differs: `{hex: \"${row.bytes}\"}`"),
                );
                return None;
            }
            let value = if entry.value.span.start < entry.value.span.end { scalar_of(&entry.value) } else { None };
            if value.is_none() {
                self.wrong_shape(at, &entry.value, "a text, a number or a boolean");
            }
            Some((entry.key.scalar(), value?))
        };
        let values: Vec<Option<_>> = entries.iter().map(value).collect();
        Some(Row { span: node.span, values: values.into_iter().collect::<Option<_>>()? })
    }

    /// Whether every row has the columns of the first.
    fn same_columns(&mut self, rows: &[Row]) -> bool {
        let Some((first, others)) = rows.split_first() else { return true };
        let has = |row: &Row, name: &str| row.values.iter().any(|(column, _)| column.text == name);
        let mut same = true;
        for row in others {
            let missing = first.values.iter().find(|(column, _)| !has(row, &column.text));
            let more = row.values.iter().find(|(column, _)| !has(first, &column.text));
            let (span, message) = match (more, missing) {
                (Some((more, _)), _) => (more.span, format!("the first row has no column `{}`", more.text)),
                (None, Some((column, _))) => (row.span, format!("this row has no column `{}`", column.text)),
                (None, None) => continue,
            };
            same = false;
            let near = more
                .and_then(|(more, _)| nearest(&more.text, first.values.iter().map(|(column, _)| column.text.as_str())));
            let finding = Diagnostic::error("wrong-column", span, message).related(first.span, "the first row");
            self.error(match near {
                Some(near) => finding.help(format!("did you mean `{near}`?")),
                None => finding.help("all rows have the same columns: write `\"\"` where there is nothing"),
            });
        }
        same
    }
}
