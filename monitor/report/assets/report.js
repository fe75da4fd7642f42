/* Switches, sorting, filters and search. Nothing is fetched but search.js beside this file; text is only ever set as text. */
"use strict";
(() => {
  const root = document.documentElement;
  const kept = (name) => {
    try { return localStorage.getItem("pricefall-" + name) || ""; } catch { return ""; }
  };
  const keep = (name, value) => {
    try { localStorage.setItem("pricefall-" + name, value); } catch { /* a browser that keeps nothing */ }
  };
  const setTheme = (theme) => {
    if (theme) root.dataset.theme = theme; else delete root.dataset.theme;
  };
  root.classList.add("js");
  setTheme(kept("theme"));

  /* The decimal point three places to the left, exactly. */
  const thousandth = (text) => {
    const found = /^(\d+)(?:\.(\d+))?$/.exec(text);
    if (!found) return text;
    const digits = found[1].padStart(4, "0");
    const part = (digits.slice(-3) + (found[2] || "")).replace(/0+$/, "");
    return digits.slice(0, -3).replace(/^0+(?=\d)/, "") + (part ? "." + part : "");
  };

  const showPrice = (price, currency, unit) => {
    const said = price.dataset;
    price.printed ??= price.textContent;
    const inThat = currency === "USD" ? said.u : currency === "CNY" ? said.y : undefined;
    const isThat = !currency || said.c === currency || inThat === undefined;
    const amount = isThat ? said.a : inThat;
    const shown = unit && price.classList.contains("t") ? thousandth(amount) : amount;
    price.textContent = isThat
      ? price.printed.replace(said.a, shown)
      : "≈" + document.body.dataset[currency.toLowerCase()].replace("#", shown);
  };

  const showPrices = () => {
    const currency = kept("currency"), unit = kept("unit"), words = document.body.dataset;
    for (const price of document.querySelectorAll(".p")) showPrice(price, currency, unit);
    for (const per of document.querySelectorAll(".per")) per.textContent = unit ? words.perK : words.perM;
  };

  const setSwitches = () => {
    for (const name of ["currency", "unit", "theme"]) {
      const select = document.getElementById(name);
      select.value = kept(name);
      if (select.selectedIndex < 0) select.value = "";
      select.addEventListener("change", () => {
        keep(name, select.value);
        if (name === "theme") setTheme(select.value);
        else showPrices();
      });
    }
    if (kept("currency") || kept("unit")) showPrices();
  };

  /* What a cell is sorted by: its first price in dollars, else a number, else its words. */
  const keyOf = (cell) => {
    const price = cell.querySelector(".p");
    if (price) return Number(price.dataset.c === "USD" ? price.dataset.a : price.dataset.u ?? NaN);
    const text = cell.textContent.trim();
    const number = /^[+-]?[\d.,]+%?$/.test(text) ? Number(text.replace(/[,%]/g, "")) : NaN;
    return Number.isNaN(number) ? text.toLowerCase() : number;
  };
  const isEmpty = (key) => key === "" || Number.isNaN(key);
  const compare = (one, other) => {
    if (typeof one === "number" && typeof other === "number") return one - other;
    if (typeof one !== typeof other) return typeof one === "number" ? -1 : 1;
    return one < other ? -1 : one > other ? 1 : 0;
  };

  const sortBy = (table, head) => {
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const each of table.tHead.rows[0].cells) each.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const body = table.tBodies[0], column = head.cellIndex;
    const rows = Array.from(body.rows, (row) => ({ row, key: keyOf(row.cells[column]) }));
    rows.sort((one, other) => {
      const empty = isEmpty(one.key) - isEmpty(other.key);
      return empty || (isEmpty(one.key) ? 0 : compare(one.key, other.key) * (down ? -1 : 1));
    });
    body.append(...rows.map(({ row }) => row));
  };

  const makeSortable = (table) => {
    for (const head of table.tHead.rows[0].cells) {
      if (head.classList.contains("x")) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      button.addEventListener("click", () => sortBy(table, head));
      head.replaceChildren(button);
    }
  };

  const sift = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);
  const fill = (words, facts) => words.replace(/\{(\w+)\}/g, (all, name) => facts[name] ?? all);

  const makeFilter = (table) => {
    const words = document.body.dataset, bar = document.createElement("div");
    const label = document.createElement("label"), input = document.createElement("input");
    const count = document.createElement("output");
    let texts = null, waiting = 0;
    bar.className = "sift";
    input.type = "search";
    input.autocomplete = "off";
    label.append(words.filter, input);
    count.setAttribute("role", "status");
    bar.append(label, count);
    const run = () => {
      const wanted = sift(input.value), rows = table.tBodies[0].rows;
      texts ??= new Map(Array.from(rows, (row) => [row, row.textContent.toLowerCase()]));
      let shown = 0;
      for (const row of rows) {
        row.hidden = !wanted.every((word) => texts.get(row).includes(word));
        shown += !row.hidden;
      }
      count.textContent = wanted.length ? fill(words.shown, { count: shown, all: rows.length }) : "";
    };
    input.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(run, 80); });
    table.before(bar);
  };

  const makeSearch = () => {
    const input = document.getElementById("search"), list = document.getElementById("found");
    const count = document.getElementById("found-count"), words = document.body.dataset;
    const load = () => {
      const script = document.createElement("script");
      script.src = words.search;
      script.addEventListener("load", run);
      document.head.append(script);
    };
    const entry = ([name, provider, path]) => {
      const item = document.createElement("li"), link = document.createElement("a");
      const small = document.createElement("small");
      link.href = words.root + path;
      small.textContent = provider;
      link.append(name, small);
      item.append(link);
      return item;
    };
    const run = () => {
      const wanted = sift(input.value), all = window.pricefallModels || [];
      const found = wanted.length ? all.filter(([name, provider]) => {
        const text = (name + " " + provider).toLowerCase();
        return wanted.every((word) => text.includes(word));
      }) : [];
      const first = (one) => (one[0].toLowerCase().startsWith(wanted[0]) ? 0 : 1);
      found.sort((one, other) => first(one) - first(other) || one[0].length - other[0].length);
      const items = found.slice(0, 40).map(entry);
      if (wanted.length && !items.length) {
        const none = document.createElement("li"), text = document.createElement("span");
        text.textContent = words.none;
        none.append(text);
        items.push(none);
      }
      list.replaceChildren(...items);
      list.hidden = !wanted.length;
      count.textContent = wanted.length ? fill(words.found, { count: found.length }) : "";
    };
    input.addEventListener("focus", load, { once: true });
    input.addEventListener("input", run);
    input.closest(".search").addEventListener("keydown", (event) => {
      const stops = [input, ...list.querySelectorAll("a")], here = stops.indexOf(document.activeElement);
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (event.key === "Escape") { input.value = ""; run(); input.focus(); }
      if (event.key === "Enter" && here === 0 && stops[1]) stops[1].click();
      if (step && stops[here + step]) { event.preventDefault(); stops[here + step].focus(); }
    });
    document.addEventListener("click", (event) => {
      if (!event.target.closest(".search")) list.hidden = true;
    });
  };

  document.addEventListener("DOMContentLoaded", () => {
    setSwitches();
    for (const table of document.querySelectorAll("table.sorts")) makeSortable(table);
    for (const table of document.querySelectorAll("table.long")) makeFilter(table);
    makeSearch();
  });
})();
