//! What all pages have in common: head, banner, help, style and script.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use super::super::diagram;
use super::super::markup::visible;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// What a page consists of.
pub(super) struct Page<'p> {
    /// What it is called; the window's title, and the first heading.
    pub(super) title: &'p str,
    /// What stands under the heading.
    pub(super) summary: Markup,
    /// How its items can be filtered, where they can be.
    pub(super) filter: Option<Markup>,
    /// All the rest.
    pub(super) main: Markup,
    /// Its keys, each with what it does; none where there is nothing to choose from.
    pub(super) keys: &'p [(&'p str, &'p str)],
}

impl Page<'_> {
    /// The text of the file.
    pub(super) fn finish(self) -> String {
        let style = format!("{STYLE}{}", diagram::STYLE);
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(policy(&style));
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    link rel="icon" href="data:,";
                    title { (self.title) }
                    style { (PreEscaped(&style)) }
                }
                body {
                    a.skip href="#main" { "Skip to the content" }
                    header {
                        h1 { (self.title) }
                        (self.summary)
                    }
                    @if let Some(filter) = self.filter { (filter) }
                    main #main tabindex="-1" { (self.main) }
                    @if !self.keys.is_empty() { (help(self.keys)) }
                    script { (PreEscaped(SCRIPT)) }
                }
            }
        };
        visible(page.into_string())
    }
}

/// That nothing is fetched, and no script runs but that of the frame, whatever a spec may have in
/// its texts.
fn policy(style: &str) -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; img-src data:; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(style),
        hash(SCRIPT)
    )
}

/// The keys, which only the script gives a meaning.
fn help(keys: &[(&str, &str)]) -> Markup {
    html! {
        dialog #help aria-labelledby="help-title" {
            h2 #help-title { "Keys" }
            dl.keys {
                @for (key, meaning) in keys {
                    dt { @for (at, key) in key.split(' ').enumerate() { @if at > 0 { " " } kbd { (key) } } }
                    dd { (meaning) }
                }
                dt { kbd { "?" } }
                dd { "these keys" }
            }
            form method="dialog" { button { "Close" } }
        }
    }
}
