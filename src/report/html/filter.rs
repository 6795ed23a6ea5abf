//! The form that filters the items of a page.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::words;

/// A form that the script shows, and obeys: words, verdicts and tags, each with how many items have it.
pub(super) fn form(label: &str, verdicts: &[(&str, usize)], tags: &BTreeMap<&str, usize>) -> Markup {
    html! {
        form.filter role="search" aria-label=(label) hidden="hidden" {
            div {
                input type="search" name="text" aria-label=(label) placeholder={ (label) "  ( / )" }
                    autocomplete="off" spellcheck="false";
                @if !tags.is_empty() {
                    select name="tag" aria-label="Tag" {
                        option value="" { "any tag" }
                        @for (tag, count) in tags { option value=(tag) { (tag) " (" (count) ")" } }
                    }
                }
                output aria-live="polite" aria-label="Shown" {}
                button type="button" data-reset="" { "Reset" }
                button type="button" data-all="" { "Open or close all" }
                button type="button" data-help="" aria-haspopup="dialog" { "Keys" }
            }
            @if verdicts.len() > 1 {
                fieldset aria-label="Verdicts" {
                    @for (verdict, count) in verdicts {
                        label {
                            input type="checkbox" name="verdict" value=(verdict);
                            " " (words::verdict(verdict)) " " (count)
                        }
                    }
                }
            }
        }
    }
}
