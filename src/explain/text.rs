//! Reads the texts of topics.

use super::topic::Block;

/// A topic as its text has it.
#[derive(Debug, Default)]
pub(super) struct Text {
    pub(super) name: &'static str,
    /// What it is, in a line.
    pub(super) title: &'static str,
    pub(super) body: Vec<Block>,
    pub(super) refs: Vec<&'static str>,
    pub(super) specs: Vec<&'static str>,
    pub(super) see: Vec<&'static str>,
}

/// The topics of a file.
pub(super) fn read(file: &'static str) -> Vec<Text> {
    let mut topics: Vec<Text> = Vec::new();
    // Whether the next line goes on with the block before it.
    let mut goes_on = false;
    let mut is_first = false;
    for line in file.lines() {
        if let Some(name) = line.strip_prefix("# ") {
            topics.push(Text { name, ..Text::default() });
            (goes_on, is_first) = (false, true);
            continue;
        }
        let Some(topic) = topics.last_mut() else { continue };
        if line.is_empty() {
            (goes_on, is_first) = (false, false);
        } else if let Some((field, values)) = field(line) {
            topic.set(field, values);
            goes_on = false;
        } else if is_first && !line.ends_with('.') && !line.ends_with(':') && !is_half(file, line) {
            topic.title = line;
            (goes_on, is_first) = (false, false);
        } else {
            topic.push(line, goes_on);
            (goes_on, is_first) = (true, false);
        }
    }
    topics
}

/// The fields below a topic, each with what parts its values.
const FIELDS: &[(&str, &[char])] = &[("Refs", &[';']), ("Specs", &[';']), ("See", &[';', ','])];

fn field(line: &'static str) -> Option<(&'static str, Vec<&'static str>)> {
    let (name, rest) = line.split_once(": ")?;
    let (name, parted) = FIELDS.iter().find(|(known, _)| *known == name)?;
    Some((name, rest.split(*parted).map(str::trim).collect()))
}

/// Whether a line is the beginning of a sentence that goes on in the next one.
fn is_half(file: &'static str, line: &'static str) -> bool {
    let end = line.as_ptr() as usize - file.as_ptr() as usize + line.len();
    let next = file[end..].trim_start_matches('\n');
    let follows = file[end..].len() - next.len() == 1;
    let next = next.lines().next().unwrap_or_default();
    follows && !next.is_empty() && !next.starts_with('#') && field_of(next).is_none()
}

fn field_of(line: &str) -> Option<&str> {
    line.split_once(": ").map(|(name, _)| name).filter(|name| FIELDS.iter().any(|(known, _)| known == name))
}

impl Text {
    fn set(&mut self, field: &str, values: Vec<&'static str>) {
        *match field {
            "Refs" => &mut self.refs,
            "Specs" => &mut self.specs,
            _ => &mut self.see,
        } = values;
    }

    fn push(&mut self, line: &str, goes_on: bool) {
        let item = line.strip_prefix("- ");
        match (self.body.last_mut(), item) {
            (Some(Block::Code(code)), _) if goes_on && line.starts_with("    ") => {
                code.push('\n');
                code.push_str(&line[4..]);
            }
            (Some(Block::Item(text) | Block::Paragraph(text)), None) if goes_on => {
                text.push(' ');
                text.push_str(line.trim());
            }
            (_, Some(item)) => self.body.push(Block::Item(item.to_owned())),
            _ if line.starts_with("    ") => self.body.push(Block::Code(line[4..].to_owned())),
            _ => self.body.push(Block::Paragraph(line.to_owned())),
        }
    }
}
