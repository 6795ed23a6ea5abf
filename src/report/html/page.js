"use strict";
(() => {
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
  const items = all("[data-verdict]").map((element) => ({
    element,
    details: element.querySelector("details"),
    summary: element.querySelector("summary"),
    verdict: element.dataset.verdict,
    tags: (element.dataset.tags || "").split("\n"),
    // What is seen of it when it is closed, and what it is about.
    text: all("summary, .about", element).map((part) => part.textContent).join(" ").toLowerCase(),
  }));
  const shown = () => items.filter((item) => !item.element.hidden);
  const filter = document.querySelector(".filter");
  const search = filter && filter.elements.text;
  const help = document.getElementById("help");

  document.documentElement.classList.add("js");

  /* Filters: by words, of which all must be there, by verdicts, of which any will do, and by tag. */

  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const verdicts = all("input[name=verdict]:checked", filter).map((box) => box.value);
    const tag = filter.elements.tag ? filter.elements.tag.value : "";
    for (const item of items) {
      const fits = words.every((word) => item.text.includes(word))
        && (verdicts.length === 0 || verdicts.includes(item.verdict))
        && (tag === "" || item.tags.includes(tag));
      item.element.hidden = !fits;
    }
    for (const group of all("[data-group]")) {
      group.hidden = all("[data-verdict]", group).every((element) => element.hidden);
    }
    const count = shown().length;
    filter.querySelector("output").value = count === items.length ? `all ${count}` : `${count} of ${items.length}`;
  };
  const clear = () => {
    filter.reset();
    apply();
  };
  if (filter) {
    filter.hidden = false;
    // What is scrolled to must not end up below the filter, which stays at the top.
    new ResizeObserver(() => {
      const covers = getComputedStyle(filter).position === "sticky";
      document.documentElement.style.scrollPaddingTop = covers ? `${filter.offsetHeight + 6}px` : "";
    }).observe(filter);
    filter.addEventListener("input", apply);
    filter.addEventListener("submit", (event) => event.preventDefault());
    apply();
  }

  /* From one item to the next. */

  let last = null;
  const current = () => {
    const element = document.activeElement && document.activeElement.closest("[data-verdict]");
    return items.find((item) => item.element === element) || last;
  };
  const go = (item) => {
    if (!item) return;
    last = item;
    item.summary.focus({ preventScroll: true });
    item.summary.scrollIntoView({ block: "nearest" });
  };
  const step = (by, wanted = () => true) => {
    const from = items.indexOf(current());
    for (let at = from < 0 ? (by > 0 ? 0 : -1) : from + by; at >= 0 && at < items.length; at += by) {
      if (!items[at].element.hidden && wanted(items[at])) return go(items[at]);
    }
  };
  const alarming = (item) => !["passed", "ignored"].includes(item.verdict);
  const open = (item) => {
    item.details.open = true;
    go(item);
    // What was opened is to be seen, and not only its head.
    item.summary.scrollIntoView({ block: "start" });
  };
  const nextAlarm = () => {
    const before = current();
    step(1, alarming);
    // Behind the last comes the first.
    if (current() === before) go(shown().find(alarming));
    const item = current();
    if (item && alarming(item)) open(item);
  };
  const toggleAll = () => {
    const some = shown();
    const closes = some.some((item) => item.details.open);
    some.forEach((item) => { item.details.open = !closes; });
  };
  const showHelp = () => {
    if (help && !help.open) help.showModal();
  };

  /* Links within the page lead into what is closed, or filtered out. */

  // The links that were followed, to go back to.
  const trail = [];
  const reveal = (element) => {
    const item = items.find((known) => known.element.contains(element));
    if (item && item.element.hidden) clear();
    for (let at = element; at; at = at.parentElement) {
      if (at.tagName === "DETAILS") at.open = true;
    }
    return item;
  };
  const back = () => {
    const link = trail.pop();
    if (!link) return;
    reveal(link);
    link.focus({ preventScroll: true });
    link.scrollIntoView({ block: "center" });
  };
  const follow = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    const target = id && document.getElementById(id);
    if (!target) return;
    const item = reveal(target);
    all(".here").forEach((element) => element.classList.remove("here"));
    target.classList.add("here");
    if (item && target === item.element) {
      open(item);
    } else {
      target.focus({ preventScroll: true });
      target.scrollIntoView({ block: target.dataset.line ? "center" : "start", inline: "start" });
    }
  };
  addEventListener("hashchange", follow);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      // At once: the browser would tell of it later, when the reader may be elsewhere.
      event.preventDefault();
      trail.push(link);
      history.pushState(null, "", link.getAttribute("href"));
      follow();
    }
    if (event.target.closest("[data-reset]")) clear();
    if (event.target.closest("[data-help]")) showHelp();
    if (event.target.closest("[data-all]")) toggleAll();
  });

  /* Keys. */

  const inField = (event) => {
    if (event.key === "Escape" && search.value === "") go(current() && !current().element.hidden ? current() : shown()[0]);
    else if (["Enter", "ArrowDown"].includes(event.key) && event.target === search) go(shown()[0]);
    else return;
    event.preventDefault();
  };
  const keys = {
    "/": () => {
      search.focus();
      search.select();
    },
    j: () => step(1),
    k: () => step(-1),
    f: nextAlarm,
    b: back,
    o: toggleAll,
    "?": showHelp,
  };
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const target = event.target;
    if (target.matches("input[type=search], select")) return inField(event);
    let key = event.key;
    // Arrows scroll what can be scrolled, and choose where something is chosen.
    if (target === document.body || target.matches("summary")) key = { ArrowDown: "j", ArrowUp: "k" }[key] || key;
    if (!Object.hasOwn(keys, key) || (key !== "?" && items.length === 0)) return;
    event.preventDefault();
    keys[key]();
  });
  follow();
})();
