// A button beside every input of a day that opens a month of the calendar. The server makes the month: it knows both
// calendars, and the holidays. Without script, a day is typed. The keys are those of the date picker dialog of the ARIA
// Authoring Practices Guide.
"use strict";

(() => {
  const { open: openText, close: closeText } = document.currentScript.dataset;
  const language = document.documentElement.lang;
  const forwards = document.documentElement.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
  const backwards = forwards === "ArrowLeft" ? "ArrowRight" : "ArrowLeft";
  let dialog = null;
  let input = null;
  let asked = 0;

  const cells = () => [...dialog.querySelectorAll("td[data-day]")];
  const cellOf = (day) => dialog.querySelector(`td[data-day="${day}"]`);

  function later(day, days) {
    const date = new Date(`${day}T00:00:00Z`);
    date.setUTCDate(date.getUTCDate() + days);
    return date.toISOString().slice(0, 10);
  }

  // One day at a time is reached by Tab.
  function stand(cell, focus = true) {
    for (const other of dialog.querySelectorAll('td[tabindex="0"]')) other.tabIndex = -1;
    cell.tabIndex = 0;
    if (focus) cell.focus();
  }

  // Shows the month of a day and stands where `choose` says. What was asked before and comes later is let go.
  async function show(day, choose, focus = true) {
    const turn = ++asked;
    const answer = await fetch(`/days?lang=${language}&day=${encodeURIComponent(day)}`, { headers: { Accept: "text/html" } });
    if (!answer.ok || turn !== asked || !dialog.open) return;
    const month = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".days-month");
    if (!month) return;
    const way = dialog.contains(document.activeElement) && document.activeElement.dataset.way;
    dialog.querySelector(".days-month")?.replaceWith(month);
    for (const cell of cells()) cell.setAttribute("aria-selected", String(cell.dataset.written === input.value.trim()));
    const cell = choose() ?? cells()[0];
    stand(cell, focus);
    if (!focus && way) dialog.querySelector(`[data-way="${way}"]`)?.focus();
  }

  function take(cell) {
    input.value = cell.dataset.written;
    dialog.close();
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  // To a day, in this month or in another.
  function goTo(day) {
    const cell = cellOf(day);
    if (cell) stand(cell);
    else show(day, () => cellOf(day));
  }

  // By a month or a year, to the same place in it.
  function turn(way, from) {
    const place = from ? cells().indexOf(from) : 0;
    const { go } = dialog.querySelector(`[data-way="${way}"]`).dataset;
    if (go) show(go, () => cells()[Math.min(place, cells().length - 1)], Boolean(from));
  }

  function key(event) {
    const cell = event.target.closest?.("td[data-day]");
    if (!cell || event.ctrlKey || event.metaKey || event.altKey) return;
    const { day } = cell.dataset;
    const column = cell.cellIndex;
    const size = event.shiftKey ? "year" : "month";
    const keys = {
      [forwards]: () => goTo(later(day, 1)),
      [backwards]: () => goTo(later(day, -1)),
      ArrowDown: () => goTo(later(day, 7)),
      ArrowUp: () => goTo(later(day, -7)),
      Home: () => goTo(later(day, -column)),
      End: () => goTo(later(day, 6 - column)),
      PageUp: () => turn(`${size}-before`, cell),
      PageDown: () => turn(`${size}-after`, cell),
      Enter: () => take(cell),
      " ": () => take(cell),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  }

  function make() {
    dialog = document.createElement("dialog");
    dialog.className = "days";
    dialog.setAttribute("aria-label", openText);
    dialog.append(document.createElement("section"));
    dialog.firstChild.className = "days-month";
    const close = document.createElement("button");
    close.type = "button";
    close.className = "days-close";
    close.textContent = closeText;
    dialog.append(close);
    dialog.addEventListener("keydown", key);
    dialog.addEventListener("close", () => input?.parentElement.querySelector(".day-open")?.focus());
    dialog.addEventListener("click", (event) => {
      const way = event.target.closest("[data-way]")?.dataset.way;
      const cell = event.target.closest("td[data-day]");
      if (way) turn(way, null);
      else if (cell) take(cell);
      // Beside it, or its button.
      else if (event.target === dialog || event.target === close) dialog.close();
    });
    document.body.append(dialog);
  }

  function open(of) {
    if (!dialog) make();
    input = of;
    dialog.showModal();
    const here = () =>
      cells().find((cell) => cell.getAttribute("aria-selected") === "true") ??
      dialog.querySelector('td[aria-current="date"]');
    show(input.value, here);
  }

  function dress(within) {
    for (const one of within.querySelectorAll("input.day:not([data-dressed])")) {
      one.dataset.dressed = "";
      const box = document.createElement("span");
      box.className = "day-box";
      const button = document.createElement("button");
      button.type = "button";
      button.className = "day-open";
      button.setAttribute("aria-haspopup", "dialog");
      const named = one.labels?.[0]?.textContent.trim();
      button.setAttribute("aria-label", named ? `${openText}: ${named}` : openText);
      button.title = openText;
      const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      icon.setAttribute("class", "icon");
      icon.setAttribute("aria-hidden", "true");
      const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
      use.setAttribute("href", "#icon-days");
      icon.append(use);
      button.append(icon);
      button.addEventListener("click", () => open(one));
      one.replaceWith(box);
      box.append(one, button);
    }
  }

  dress(document);
  // What htmx puts in place later.
  document.addEventListener("htmx:after:swap", () => dress(document));
})();
