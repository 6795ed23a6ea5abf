//! The report of a run.

use super::*;

/// Two variables, of which one decides.
const MATRIX: &str = "\
about: What is sent decides.
tags: [cases]
matrix:
  word: [ping, pong]
  times: [\"1\", \"2\"]
steps:
  - server: {listen: tcp}
  - assert: times == \"1\" or times == \"2\"
  - client: {connect: server}
  - conn: {accept: server}
  - client: {send: \"${word}\"}
  - conn: {recv: \"${word}\"}
";

/// Texts in which HTML has a meaning, and long ones.
const HOSTILE: &str = "\
about: \"<script>document.title = 'taken'</script> & <b>\"
tags: [\"<i> x\", hostile]
refs: [RFC 9293 section 3.6, \"<a href='x'>\", \"javascript:alert(1)\"]
steps:
  - a-name-that-is-very-long-indeed-so-that-it-has-no-room: {pair: another-name-that-is-as-long-as-the-first-one-is}
  - a-name-that-is-very-long-indeed-so-that-it-has-no-room: {send: \"</svg></pre></script><img src=x onerror=alert(1)>\"}
  - another-name-that-is-as-long-as-the-first-one-is: {recv: \"</svg></pre></script><img src=x onerror=alert(1)>\"}
";

/// A run with many verdicts, and its page.
fn report() -> (Project, PathBuf) {
    let missing = ECHO.replace("tags:", "requires: ['command:no-such-program']\ntags:");
    let project = Project::new(&[
        ("specs/changed.yaml", ECHO),
        ("specs/echo.yaml", ECHO),
        ("specs/failing.yaml", FAILING),
        ("specs/hostile.yaml", HOSTILE),
        ("specs/invalid.yaml", INVALID),
        ("specs/matrix.yaml", MATRIX),
        ("specs/missing.yaml", &missing),
    ]);
    project.run(&["run", "specs", "--update", "new"]);
    project.write("specs/changed.yaml", &ECHO.replace("ping", "pong"));
    project.write("specs/new.yaml", ECHO);
    project.run(&["run", "specs", "--report", "html=out/report.html"]).exits(2);
    let page = project.path("out/report.html");
    (project, page)
}

const ALL: [&str; 11] = [
    "changed",
    "echo",
    "failing",
    "hostile",
    "invalid",
    "matrix[word=ping,times=1]",
    "matrix[word=ping,times=2]",
    "matrix[word=pong,times=1]",
    "matrix[word=pong,times=2]",
    "missing",
    "new",
];

#[test]
fn it_is_sound_in_every_window() {
    let (_project, page) = report();
    let Some(mut browser) = Browser::start() else { return };
    for (width, is_dark) in WIDTHS.into_iter().flat_map(|width| [(width, false), (width, true)]) {
        let name = format!("run-{width}-{}", if is_dark { "dark" } else { "light" });
        browser.open(&page, width, is_dark);
        is_sound(&mut browser);
        browser.picture(&name);
        assert_eq!(shown(&mut browser), json!(ALL));
        assert_eq!(browser.value("document.title"), "sockspec run", "no text of a spec is run");
        // Everything opened.
        browser.press("o");
        browser.value("document.querySelectorAll('details').forEach((details) => { details.open = true; })");
        is_sound(&mut browser);
        let contrast = least_contrast(&mut browser);
        assert!(contrast >= 4.5, "{name}: {contrast}");
        for (at, id) in ["t0", "t2", "t3", "matrices"].into_iter().enumerate() {
            browser.value(&format!("document.getElementById('{id}').scrollIntoView()"));
            browser.picture(&format!("{name}-{at}"));
        }
    }
}

#[test]
fn the_keyboard_reaches_everything() {
    let (_project, page) = report();
    let Some(mut browser) = Browser::start() else { return };
    for width in WIDTHS {
        browser.open(&page, width, false);
        browser.press("j");
        assert_eq!(focused(&mut browser), json!(["changed", false]));
        browser.press("ArrowDown");
        browser.press("j");
        browser.press("ArrowUp");
        assert_eq!(focused(&mut browser), json!(["echo", false]));
        browser.press("Enter");
        assert_eq!(focused(&mut browser), json!(["echo", true]), "Enter opens");
        browser.picture(&format!("run-keys-{width}"));
        browser.press("Enter");
        assert_eq!(focused(&mut browser), json!(["echo", false]), "and closes");
        for alarming in ["failing", "hostile", "invalid"] {
            if alarming != "hostile" {
                browser.press("f");
                assert_eq!(focused(&mut browser), json!([alarming, true]));
            }
        }
        browser.press("f");
        browser.press("f");
        assert_eq!(focused(&mut browser), json!(["changed", true]), "the first comes after the last");
        browser.press("k");
        assert_eq!(focused(&mut browser), json!(["changed", true]), "before the first there is none");

        browser.press("/");
        browser.write("MATRIX pong");
        let pongs = json!(["matrix[word=pong,times=1]", "matrix[word=pong,times=2]"]);
        assert_eq!(shown(&mut browser), pongs, "letters in the filter are no keys");
        assert_eq!(browser.value("document.querySelector('output').value"), "2 of 11");
        browser.press("Enter");
        assert_eq!(focused(&mut browser), json!(["matrix[word=pong,times=1]", false]));
        browser.press("j");
        browser.press("j");
        assert_eq!(focused(&mut browser), json!(["matrix[word=pong,times=2]", false]), "what is hidden is left out");

        browser.press("?");
        assert_eq!(browser.value("document.getElementById('help').open"), true);
        browser.picture(&format!("run-help-{width}"));
        browser.press("j");
        browser.press("Escape");
        assert_eq!(browser.value("document.getElementById('help').open"), false);
        assert_eq!(focused(&mut browser), json!(["matrix[word=pong,times=2]", false]), "it is where it was");
        is_sound(&mut browser);
    }
}

/// That Tab alone leads through the page in its order, and what has the focus is marked and seen.
#[test]
fn the_focus_goes_in_order() {
    let (_project, page) = report();
    let Some(mut browser) = Browser::start() else { return };
    for width in WIDTHS {
        browser.open(&page, width, false);
        browser.press("o");
        browser.value("document.activeElement.blur(); scrollTo(0, 0)");
        let (mut last, mut stops) = (-1.0, 0);
        loop {
            browser.press("Tab");
            let at = browser.value(
                "(() => { const e = document.activeElement, r = e.getBoundingClientRect(), s = getComputedStyle(e); \
                 return [[...document.querySelectorAll('*')].indexOf(e), s.outlineStyle !== 'none', \
                 r.top < innerHeight && r.bottom > (e.closest('main') ? \
                 document.querySelector('.filter').getBoundingClientRect().bottom : 0), e.outerHTML.slice(0, 120), e === document.body]; })()",
            );
            if at[4] == true {
                break;
            }
            stops += 1;
            assert_eq!((&at[1], &at[2]), (&json!(true), &json!(true)), "marked and in sight: {at}");
            let place = at[0].as_f64().unwrap();
            assert!(place > last, "{at}");
            last = place;
        }
        assert!(stops > 60, "every test, arrow and link is reached, not {stops}");
    }
}

#[test]
fn filters_go_together() {
    let (_project, page) = report();
    let Some(mut browser) = Browser::start() else { return };
    browser.open(&page, 1400, false);
    browser.click("input[value=failed]");
    assert_eq!(shown(&mut browser), json!(["failing"]));
    browser.click("input[value=changed]");
    assert_eq!(shown(&mut browser), json!(["changed", "failing"]), "any of the verdicts will do");
    browser.click("[data-reset]");
    browser.value("document.querySelector('select').focus()");
    browser.write("echo");
    assert_eq!(shown(&mut browser), json!(["changed", "echo", "missing", "new"]), "by tag");
    browser.click("input[value=passed]");
    assert_eq!(shown(&mut browser), json!(["echo"]));
    let two = "const tag = document.querySelector('select'); tag.value = '<i> x'; \
               tag.dispatchEvent(new Event('input', { bubbles: true }))";
    browser.value(&format!("(() => {{ {two} }})()"));
    assert_eq!(shown(&mut browser), json!(["hostile"]), "a tag may have two words");
    browser.press("/");
    browser.write("no such thing");
    assert_eq!(shown(&mut browser), json!([]));
    is_sound(&mut browser);
    browser.click("[data-reset]");
    assert_eq!(shown(&mut browser), json!(ALL));
}

#[test]
fn links_lead_to_lines_and_tests() {
    let (_project, page) = report();
    let Some(mut browser) = Browser::start() else { return };
    browser.open(&page, 400, false);
    browser.press("j");
    browser.press("j");
    browser.press("Enter");
    let arrow = "#t1 svg a:has(.message)";
    let line = browser.value(&format!("document.querySelector('{arrow}').getAttribute('href')"));
    assert_eq!(line, "#s1-7", "the arrow comes from the send");
    browser.value(&format!("document.querySelector('{arrow}').focus()"));
    browser.press("Enter");
    let place = "(() => { const e = document.activeElement, r = e.getBoundingClientRect(); \
                 return [e.id, e.textContent.trim().slice(0, 80), e.checkVisibility(), r.top > 0 && r.bottom < innerHeight]; })()";
    browser.comes_to(place, &json!(["s1-7", "7  - client: {send: ping}", true, true]));
    browser.picture("run-line-400");
    browser.press("b");
    assert_eq!(browser.value("document.activeElement.getAttribute('href')"), line, "back at the arrow");
    // From the table to a test that is filtered out.
    browser.press("/");
    browser.write("echo");
    browser.press("Enter");
    browser.click("#matrices ~ .scroll a[href='#t6']");
    browser.comes_to(FOCUSED, &json!(["matrix[word=ping,times=2]", true]));
    is_sound(&mut browser);
}

#[test]
fn the_matrix_says_what_decides() {
    let (_project, page) = report();
    let Some(mut browser) = Browser::start() else { return };
    browser.open(&page, 1400, false);
    let said = browser.value("document.querySelector('#matrices ~ h3 + p').textContent");
    assert_eq!(said, "word alone decides: ping A, pong B");
    let cells = browser.value("[...document.querySelectorAll('td')].map((cell) => cell.textContent)");
    assert_eq!(cells, json!(["A ✓ passed", "A ✓ passed", "B ✓ passed", "B ✓ passed"]));
    let heads = browser.value("[...document.querySelectorAll('th')].map((cell) => cell.textContent)");
    assert_eq!(heads, json!(["word", "times=1", "times=2", "ping", "pong"]));
}

#[test]
fn a_change_is_told_in_words_and_in_two_diagrams() {
    let (_project, page) = report();
    let Some(mut browser) = Browser::start() else { return };
    browser.open(&page, 1400, false);
    let sentences = browser.value("document.querySelector('#t0 .sentences').textContent");
    assert!(sentences.as_str().unwrap().contains("\"pong\""), "{sentences}");
    assert_eq!(browser.value("document.querySelectorAll('#t0 figure svg').length"), 2);
    assert_eq!(browser.value("document.querySelectorAll('#t0 svg').length"), 2, "and in no third one");
    assert_eq!(browser.value("document.querySelectorAll('#t0 .marked-changed').length"), 4);
    let line = browser.value("document.querySelector('#t0 .event.is a').getAttribute('href')");
    assert_eq!(line, "#s0-7");
}
