//! `sockspec explain`

use std::ffi::OsStr;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Args, Command, ValueEnum};

use super::Exit;
use super::output::Output;
use crate::explain::{Topic, find, nearest, topics};
use crate::report::explain;

/// Explain a word: an error, a state, a verb, what a trace or a report says
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// `ECONNRESET`, `104`, `eof`, `time-wait`, `unknown-verb` …; all topics are listed if not given
    #[arg(value_name = "WORD", value_parser = Word, hide_possible_values = true)]
    words: Vec<String>,

    /// Show text, or one object of JSON
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: ExplainFormat,
}

/// Any word is taken; shells are told those of which there is a topic.
#[derive(Debug, Clone, Copy)]
struct Word;

impl TypedValueParser for Word {
    type Value = String;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let is_word = |name: &String| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        Some(Box::new(topics().into_iter().map(|topic| topic.name).filter(is_word).map(PossibleValue::new)))
    }
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum ExplainFormat {
    #[default]
    Full,
    Json,
}

impl Explain {
    pub(super) fn execute(&self, output: &mut Output) -> Exit {
        let topics = topics();
        let (found, unknown) = self.find(&topics);
        for word in &unknown {
            let near = nearest(&topics, word).map(|near| format!("; did you mean `{near}`?"));
            let near = near.unwrap_or_else(|| "; `sockspec explain` lists all topics".to_owned());
            output.error(format!("there is no topic `{word}`{near}"));
        }
        if !unknown.is_empty() && found.is_empty() {
            return Exit::Nothing;
        }
        let style = output.style;
        output.print(&match self.format {
            ExplainFormat::Json => explain::json(&found),
            ExplainFormat::Full if self.words.is_empty() => explain::list(&topics, style),
            ExplainFormat::Full => {
                found.iter().map(|topic| explain::topic(topic, style)).collect::<Vec<_>>().join("\n")
            }
        });
        if unknown.is_empty() { Exit::Success } else { Exit::Nothing }
    }

    /// The topics of the words, which may be one of several words; and the words that are none.
    fn find<'t>(&self, topics: &'t [Topic]) -> (Vec<&'t Topic>, Vec<&str>) {
        if self.words.is_empty() {
            return (topics.iter().collect(), Vec::new());
        }
        if let Some(topic) = find(topics, &self.words.join(" ")) {
            return (vec![topic], Vec::new());
        }
        let (mut found, mut unknown) = (Vec::new(), Vec::new());
        for word in &self.words {
            match find(topics, word) {
                Some(topic) => found.push(topic),
                None => unknown.push(word.as_str()),
            }
        }
        (found, unknown)
    }
}
