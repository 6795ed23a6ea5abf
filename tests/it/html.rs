//! The pages, in a real browser: read, filtered, by mouse and by keyboard alone, wide and narrow,
//! light and dark.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::project::{ECHO, FAILING, INVALID, Project};

mod bundled;
mod review;
mod run;
mod waiting;

/// Both widths that a page has to stand.
const WIDTHS: [u32; 2] = [400, 1400];

/// That the page is no wider than the window, nothing was fetched, and nobody complained.
#[track_caller]
fn is_sound(browser: &mut Browser) {
    let widths = browser.value("[document.documentElement.scrollWidth, innerWidth]");
    assert_eq!(widths[0], widths[1], "the page is as wide as the window");
    assert_eq!(browser.complaints(), [""; 0]);
    let twice = browser.value(
        "[...document.querySelectorAll('[id]')].map((e) => e.id).filter((id, at, all) => all.indexOf(id) !== at)",
    );
    assert_eq!(twice, json!([]), "ids are unique");
    let loose = browser.value(
        "[...document.querySelectorAll(\"a[href^='#']\")].map((a) => a.getAttribute('href').slice(1)) \
         .filter((id) => !document.getElementById(id))",
    );
    assert_eq!(loose, json!([]), "links within the page lead somewhere");
}

/// The names of the items that are shown.
fn shown(browser: &mut Browser) -> Value {
    browser.value(
        "[...document.querySelectorAll('[data-verdict]')].filter((e) => e.checkVisibility()) \
         .map((e) => e.querySelector('.name').textContent)",
    )
}

/// The name of the item that has the focus, and whether it is open.
const FOCUSED: &str = "(() => { const e = document.activeElement.closest('[data-verdict]'); \
                       return e && [e.querySelector('.name').textContent, e.querySelector('details').open]; })()";

fn focused(browser: &mut Browser) -> Value {
    browser.value(FOCUSED)
}

/// What all texts have at least against what is behind them, by the formula of WCAG.
fn least_contrast(browser: &mut Browser) -> f64 {
    browser.value(include_str!("html/contrast.js")).as_f64().unwrap()
}
