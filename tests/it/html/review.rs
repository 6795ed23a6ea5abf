//! The page of a review.

use std::collections::BTreeMap;
use std::path::PathBuf;

use sockspec::report::html::{Entry, Review, State, review};
use sockspec::review::compare;
use sockspec::source::SourceFile;

use super::*;

const OLD: &str = "\
server    listen tcp
client    connect server
conn      accept client
client    send 7 \"request\"
client    shutdown write
conn      recv 7 \"request\"
conn      eof
conn      send 8 \"response\"
conn      close
client    recv 8 \"response\"
client    eof
client    close
";

const NEW: &str = "\
server    listen tcp
client    connect server
conn      accept client
client    send 7 \"request\"
client    shutdown write
conn      recv 7 \"request\"
conn      eof
conn      send 9 \"responses\"
conn      close unread 5
client    recv 9 \"responses\"
client    expect reset
client    close
server    close
";

fn entry(name: &str, state: State, tags: &[&str]) -> Entry {
    Entry {
        name: name.to_owned(),
        state,
        snapshot: PathBuf::from(format!("snapshots/{name}.snap")),
        path: Some(PathBuf::from(format!("specs/{name}.yaml"))),
        place: Some(PathBuf::from(format!("specs/{name}.yaml"))),
        source: Some(SourceFile::new("a.yaml", "a.yaml", &*"steps:\n".repeat(20))),
        about: format!("About {name}, <i>."),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        lines: (1..=13).map(|line| (line, line + 4)).collect::<BTreeMap<_, _>>(),
    }
}

fn page(link_base: Option<&str>) -> (tempfile::TempDir, PathBuf) {
    let stale = Entry {
        path: None,
        place: None,
        source: None,
        lines: BTreeMap::new(),
        ..entry("tcp/gone", State::Stale { trace: OLD.to_owned(), reason: "no spec has it".to_owned() }, &[])
    };
    let entries = vec![
        entry("tcp/half close", State::Changed(Box::new(compare(OLD, NEW))), &["tcp", "close"]),
        entry("tcp/new", State::New(NEW.to_owned()), &["tcp"]),
        stale,
    ];
    let text = review(&Review { entries, base: None, link_base: link_base.map(str::to_owned) });
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("review.html");
    std::fs::write(&page, text).unwrap();
    (folder, page)
}

#[test]
fn it_is_sound_in_every_window() {
    let (_folder, page) = page(None);
    let Some(mut browser) = Browser::start() else { return };
    for (width, is_dark) in WIDTHS.into_iter().flat_map(|width| [(width, false), (width, true)]) {
        let name = format!("review-{width}-{}", if is_dark { "dark" } else { "light" });
        browser.open(&page, width, is_dark);
        is_sound(&mut browser);
        browser.picture(&name);
        for at in 1..3 {
            browser.value(&format!("scrollTo(0, {} * innerHeight)", f64::from(at) * 0.8));
            browser.picture(&format!("{name}-{at}"));
        }
        browser.value("document.querySelectorAll('details').forEach((details) => { details.open = true; })");
        is_sound(&mut browser);
        let contrast = least_contrast(&mut browser);
        assert!(contrast >= 4.5, "{name}: {contrast}");
        // Side by side where there is room, else one below the other.
        let places = browser.value(
            "[...document.querySelectorAll('.pair figure')].map((e) => e.getBoundingClientRect()).map((r) => [r.x, r.y])",
        );
        assert_eq!(places[0][1] == places[1][1], width > 1000, "{places}");
        assert_eq!(places[0][0] == places[1][0], width < 1000, "{places}");
    }
}

/// What is marked in a diagram: the sign and the words of the row.
fn marked(browser: &mut Browser, figure: u32) -> Value {
    browser.value(&format!(
        "[...document.querySelectorAll('.pair figure:nth-of-type({figure}) .sockspec g > title')] \
         .map((title) => title.textContent).filter((text) => /^(changed|new|gone|moved.*): /.test(text))"
    ))
}

#[test]
fn what_has_changed_is_marked_and_told() {
    let (_folder, page) = page(None);
    let Some(mut browser) = Browser::start() else { return };
    browser.open(&page, 1400, false);
    let old = marked(&mut browser, 1);
    let new = marked(&mut browser, 2);
    assert_eq!(
        old,
        json!(["changed: 8 \"response\"", "changed: close", "changed: recv 8 \"response\"", "changed: eof"])
    );
    assert_eq!(new[0], "changed: 9 \"responses\"");
    assert_eq!(new.as_array().unwrap().last().unwrap(), "new: close");
    let signs =
        browser.value("[...document.querySelectorAll('.sockspec text.sign')].map((text) => text.textContent).join('')");
    assert_eq!(signs.as_str().unwrap().matches('+').count(), 1, "{signs}");
    let sentences = browser.value("[...document.querySelectorAll('.sentences li')].map((item) => item.textContent)");
    assert!(sentences.to_string().contains("reset"), "{sentences}");
    let emphasised = browser.value("[...document.querySelectorAll('.event b')].map((part) => part.textContent)");
    assert!(
        emphasised.as_array().unwrap().iter().any(|part| part.as_str().unwrap().contains("unread 5")),
        "{emphasised}"
    );
}

/// A page with these traces that have changed.
fn page_of(changes: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
    let entry = |(at, (old, new)): (usize, &(&str, &str))| {
        entry(&format!("t{at}"), State::Changed(Box::new(compare(old, new))), &[])
    };
    let entries = changes.iter().enumerate().map(entry).collect();
    let text = review(&Review { entries, base: None, link_base: None });
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("review.html");
    std::fs::write(&page, text).unwrap();
    (folder, page)
}

#[test]
fn what_moved_what_is_open_and_where_bytes_differ_is_seen_in_diagrams() {
    let moved = OLD.replace("conn      eof\n", "").replace("conn      close\n", "conn      close\nconn      eof\n");
    let open = OLD.replace("client    close\n", "end       client open\n");
    let long = |age: u32| {
        let head = "          | HTTP/1.1 200 OK\\r\\n\n          | Server: an-example/1.2\\r\\n\n";
        format!(
            "server    listen tcp\nclient    connect server\nconn      accept client\nconn      send 60\n{head}          | Age: {age}\\r\\n\n"
        )
    };
    let (_folder, page) = page_of(&[(OLD, &moved), (OLD, &open), (&long(3), &long(4))]);
    let Some(mut browser) = Browser::start() else { return };
    for width in WIDTHS {
        browser.open(&page, width, false);
        browser.picture(&format!("review-signs-{width}"));
        let words = |browser: &mut Browser, item: u32, selector: &str| {
            browser.value(&format!(
                "[...document.querySelectorAll('#t{item} {selector}')].map((element) => element.textContent).join(' ')"
            ))
        };
        assert_eq!(words(&mut browser, 0, ".event .sign[role]"), "< >", "events");
        assert_eq!(words(&mut browser, 0, "figure:nth-of-type(1) text.sign"), "<");
        assert_eq!(words(&mut browser, 0, "figure:nth-of-type(2) text.sign"), ">");
        let end = words(&mut browser, 1, "figure:nth-of-type(2) g.marked-added");
        assert!(end.as_str().unwrap().contains("open at the end: client"), "{end}");
        let labels = [1, 2].map(|side| words(&mut browser, 2, &format!("figure:nth-of-type({side}) g.message text")));
        assert_eq!(labels, [json!("49 …\"Age: 3\\r\\n\""), json!("49 …\"Age: 4\\r\\n\"")]);
        // All of the diagrams is seen in a narrow window, too.
        let fits = browser.value(
            "[...document.querySelectorAll('#t2 figure .scroll')].map((box) => box.scrollWidth <= box.clientWidth)",
        );
        assert_eq!(fits, json!([true, true]));
    }
}

#[test]
fn what_is_closed_tells_what_has_changed() {
    let reset =
        OLD.replace("conn      close\n", "conn      reset\n").replace("client    eof\n", "client    expect reset\n");
    let (_folder, page) = page_of(&[(OLD, reset.as_str()); 20]);
    let Some(mut browser) = Browser::start() else { return };
    for (width, is_dark) in [(400, true), (1400, false)] {
        browser.open(&page, width, is_dark);
        browser.picture(&format!("review-closed-{width}"));
        is_sound(&mut browser);
        let short = browser.value("document.querySelector('#t0 .short').innerText");
        let short = short.as_str().unwrap();
        assert!(short.starts_with("conn now resets the connection") && short.ends_with("… and 1 more"), "{short}");
        assert_eq!(browser.value("document.querySelector('#t0 .short code').textContent"), "conn");
        // One that is opened by its key is seen, below the filter.
        for at in 0..3 {
            browser.press("f");
            assert_eq!(focused(&mut browser), json!([format!("t{at}"), true]));
            let place = browser.value(
                "(() => { const top = document.activeElement.getBoundingClientRect().top; \
                 const bar = document.querySelector('.filter').getBoundingClientRect().bottom; \
                 return [top >= bar, top < bar + 30]; })()",
            );
            assert_eq!(place, json!([true, true]), "item {at} at {width}");
        }
        browser.picture(&format!("review-opened-{width}"));
        assert_eq!(browser.value("document.querySelector('#t0 .short').checkVisibility()"), json!(false));
        assert_eq!(browser.value("document.querySelector('#t0 .sentences code').textContent"), "conn");
        let contrast = least_contrast(&mut browser);
        assert!(contrast >= 4.5, "{width}: {contrast}");
    }
}

#[test]
fn the_keyboard_reaches_everything() {
    let (_folder, page) = page(None);
    let Some(mut browser) = Browser::start() else { return };
    for width in WIDTHS {
        browser.open(&page, width, false);
        browser.press("j");
        assert_eq!(focused(&mut browser), json!(["tcp/half close", true]), "a few are open from the beginning");
        browser.press("f");
        assert_eq!(focused(&mut browser), json!(["tcp/new", true]));
        browser.press("Enter");
        assert_eq!(focused(&mut browser), json!(["tcp/new", false]));
        browser.press("f");
        browser.press("f");
        assert_eq!(focused(&mut browser), json!(["tcp/half close", true]));
        // Into the diagram, and from an arrow to its line.
        for _ in 0..40 {
            browser.press("Tab");
            if browser.value("document.activeElement.tagName") == "a" {
                break;
            }
        }
        browser.picture(&format!("review-arrow-{width}"));
        let leads = browser.value("document.activeElement.getAttribute('href')");
        browser.press("Enter");
        let line = "(() => { const e = document.activeElement, r = e.getBoundingClientRect(); \
                    return ['#' + e.id, r.top > 0 && r.bottom < innerHeight]; })()";
        browser.comes_to(line, &json!([leads, true]));
        browser.press("/");
        browser.write("GONE");
        assert_eq!(shown(&mut browser), json!(["tcp/gone"]));
        is_sound(&mut browser);
    }
}

#[test]
fn lines_can_lead_to_a_repository() {
    let (_folder, page) = page(Some("https://example.org/blob/main/{path}#L{line}"));
    let Some(mut browser) = Browser::start() else { return };
    browser.open(&page, 1400, false);
    let link = browser.value("document.querySelector('#s0-7 .number').href");
    assert_eq!(link, "https://example.org/blob/main/specs/tcp/half%20close.yaml#L7");
    is_sound(&mut browser);
}
