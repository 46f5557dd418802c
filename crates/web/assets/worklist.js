// The worklist with a keyboard, and while others work. The page works without it.
"use strict";

(() => {
  const list = () => document.getElementById("worklist");
  const cases = () => [...document.querySelectorAll("#worklist .case")];
  const row = () => document.activeElement?.closest?.("#worklist tbody tr");

  function move(by) {
    const all = cases();
    if (all.length === 0) return;
    const at = all.indexOf(row()?.querySelector(".case"));
    const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by;
    all[Math.min(Math.max(next, 0), all.length - 1)].focus();
  }

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, select, textarea, dialog[open]");
    if (event.key === "Escape" && event.target.id === "text") event.target.blur();
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    switch (event.key) {
      case "j":
        move(1);
        break;
      case "k":
        move(-1);
        break;
      case "c":
        row()?.querySelector(".claim")?.click();
        break;
      case "/":
        document.getElementById("text").focus();
        break;
      case "?":
        document.getElementById("keys").showModal();
        break;
      default:
        return;
    }
    event.preventDefault();
  });

  // Where the keyboard was, it is again after a part of the page has been replaced.
  let focused = null;
  let swapped = 0;
  document.addEventListener("htmx:before:swap", () => {
    focused = row()?.querySelector(".case")?.getAttribute("href") ?? null;
  });
  document.addEventListener("htmx:after:swap", () => {
    swapped = Date.now();
    if (!focused || document.activeElement !== document.body) return;
    const same = cases().find((one) => one.getAttribute("href") === focused);
    (same ?? cases()[0])?.focus();
  });

  // What others do is shown as it happens, but for who is choosing: he is told.
  const chooses = () => document.querySelector("#worklist .pick input:checked, dialog[open]");
  let waiting = null;
  function changed() {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      // It is what the reader has just done himself.
      if (Date.now() - swapped < 2000) return;
      if (chooses() || row()) {
        const news = document.getElementById("news");
        if (news) news.hidden = false;
        return;
      }
      const here = new URL(location.href);
      here.searchParams.delete("done");
      htmx.ajax("GET", here.pathname + here.search, {
        target: "#worklist",
        select: "#worklist",
        swap: "outerHTML",
      });
    }, 500);
  }

  const address = list()?.dataset.events;
  if (!address || !window.EventSource) return;
  const events = new EventSource(address);
  let first = true;
  events.addEventListener("worklist", () => {
    // The first only says that somebody listens.
    if (!first) changed();
    first = false;
  });
  events.addEventListener("reload", changed);
  events.addEventListener("end", (event) => {
    if (JSON.parse(event.data).reason === "not_permitted") events.close();
  });
})();
