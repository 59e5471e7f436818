"use strict";
// The table shows only the rows in its window, so that thousands of hips scroll and sort at once.
(() => {
  const { columns, hips, links, pictures, lesions, others, reasons } = JSON.parse(document.getElementById("data").textContent);
  const LEAST = new Set(["brooker_ct", "della_valle_ct"]);  // beside metal the least there is
  const ROW = 62, SPARE = 12, MOST_PRINTED = 1000, MOST_LISTED = 500;
  const FILTERS = { finding: "Finding", side: "Side", brooker_ct: "Brooker", flags: "Qualified by" };
  const FINDINGS = ["present", "absent", "indeterminate", "not_assessable", "partly_in_view", "not_in_view"];
  const BROOKER = ["0", "I", "II", "III", "IV"];
  const count = hips.folder.length;
  const words = Array.from({ length: count }, (_, k) =>
    [...columns.map((c) => hips[c.field][k]), hips.folder[k], hips.why[k]].join(" ").toLowerCase());
  const state = { text: "", chosen: {}, by: null, down: false, rows: [] };
  const $ = (id) => document.getElementById(id);
  const make = (name, text, css) => {
    const node = document.createElement(name);
    if (text !== undefined) node.textContent = text;
    if (css) node.className = css;
    return node;
  };
  const said = (field, k) => (field === "flags" ? (hips.flags[k] || "").split(";").filter(Boolean) : [hips[field][k]]);

  function select() {
    const wanted = state.text.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = Object.entries(state.chosen).filter(([, value]) => value);
    state.rows = [];
    for (let k = 0; k < count; k++) {
      if (wanted.every((w) => words[k].includes(w)) && chosen.every(([f, v]) => said(f, k).includes(v))) state.rows.push(k);
    }
    if (state.by) {
      const values = hips[state.by], way = state.down ? -1 : 1;
      const compare = new Intl.Collator("en", { numeric: true }).compare;
      // what was not measured comes last, whichever way
      state.rows.sort((a, b) => {
        const [x, y] = [values[a], values[b]];
        if (x === null || x === "" || y === null || y === "") return (x === null || x === "") - (y === null || y === "") || a - b;
        return way * (typeof x === "number" ? x - y : compare(x, y)) || a - b;
      });
    }
    $("shown").textContent = state.rows.length === count ? `${count} hips` : `${state.rows.length} of ${count} hips`;
    drawPlots();
    drawRows(true);
  }

  function cellOf(column, k) {
    const value = hips[column.field][k], cell = make("td", undefined, column.kind === "number" ? "number" : "");
    cell.dataset.field = column.field;
    if (column.field === "min_gap_mm" && hips.bridging[k] === "yes") cell.textContent = "bridges";
    else if (value === null || value === "") cell.append(make("span", "–", "none"));
    else if (column.kind === "finding") {
      const why = make("div", hips.why[k], "why");
      why.title = hips.why[k];
      cell.append(make("span", value.replaceAll("_", " "), `pill ${value}`), why);
    }
    else if (column.field === "number") {
      const link = make("a", value);
      link.href = links[hips.folder[k]];
      link.title = hips.folder[k];
      cell.append(link);
    } else if (column.kind === "number") {
      const least = 0.5 / 10 ** column.digits;
      const text = value === 0 ? "0" : value < least ? `<${(2 * least).toFixed(column.digits)}` : value.toFixed(column.digits);
      cell.textContent = column.field === "min_gap_mm" && hips.at_least[k] ? `≤ ${text}` : text;
    } else if (LEAST.has(column.field)) cell.textContent = hips.at_least[k] ? `≥ ${value}` : value;
    else {
      const folder = column.field === "source";
      const list = make("div", folder ? "" : value.split(";").map((word) => word.replaceAll("_", " ")).join(", "), column.field);
      if (folder) {
        list.append(...value.split("/").flatMap((name, n) => (n ? [make("wbr"), `/${name}`] : [name])));
        list.title = value;
      }
      if (column.field === "flags") list.title = value.split(";").map((code) => reasons[code] || code).join("\n");
      cell.append(list);
    }
    return cell;
  }

  function rowOf(k) {
    const row = make("tr", undefined, "hip"), first = make("td"), folder = hips.folder[k];
    if (pictures[folder]) {
      const link = make("a"), picture = make("img", undefined, "thumb");
      link.href = links[folder];
      Object.assign(picture, { loading: "lazy", decoding: "async", alt: `series ${hips.number[k]}`, src: `${folder}/${pictures[folder]}` });
      link.append(picture);
      first.append(link);
    }
    row.append(first, ...columns.map((column) => cellOf(column, k)));
    return row;
  }

  const space = (rows) => {
    const row = make("tr", undefined, "space"), cell = make("td");
    cell.colSpan = columns.length + 1;
    cell.style.height = `${rows * ROW}px`;
    row.append(cell);
    return row;
  };
  let drawn = [-1, -1];

  function drawRows(anew, all) {
    const pane = $("window"), n = state.rows.length;
    const first = all ? 0 : Math.max(0, Math.floor(pane.scrollTop / ROW) - SPARE);
    const last = all ? Math.min(n, MOST_PRINTED) : Math.min(n, Math.ceil((pane.scrollTop + pane.clientHeight) / ROW) + SPARE);
    if (!anew && drawn[0] === first && drawn[1] === last) return;
    drawn = [first, last];
    $("table").tBodies[0].replaceChildren(space(first), ...state.rows.slice(first, last).map(rowOf), space(n - last));
  }

  function drawPlots() {
    const kept = new Set(state.rows), mine = lesions.hip.map((hip, k) => (kept.has(hip) ? k : -1)).filter((k) => k >= 0);
    const of = (field) => state.rows.map((k) => hips[field][k]);
    const numbers = (values) => values.filter((v) => v !== null);
    const choose = (field) => (value) => { state.chosen[field] = value; $(`only-${field}`).value = value; select(); };
    const volumes = [0, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000], gaps = Array.from({ length: 13 }, (_, k) => 5 * k);
    const hu = Array.from({ length: 13 }, (_, k) => 100 * k);
    $("plots").replaceChildren(
      bars("Finding (hips)", of("finding"), FINDINGS, state.chosen.finding, choose("finding")),
      bars("Brooker, from CT (hips)", of("brooker_ct").filter((v) => v !== null), BROOKER, state.chosen.brooker_ct, choose("brooker_ct")),
      histogram("Volume, hips with ossification, mL", numbers(of("total_volume_mm3")).filter((v) => v > 0), volumes, volumes),
      histogram("Minimum femur–pelvis gap, mm", numbers(of("min_gap_mm")), gaps, gaps),
      bars("Sector (lesions)", mine.map((k) => lesions.sector[k]), ["anterior", "posterior", "medial", "lateral"]),
      bars("Maturity (lesions)", mine.map((k) => lesions.maturity[k] || "not judged"), ["mature", "intermediate", "immature"]),
      histogram("Mean density of lesions, HU", mine.map((k) => lesions.mean_hu[k]), hu, hu),
    );
  }

  function drawHead() {
    const row = make("tr");
    row.append(make("th"));
    for (const column of columns) {
      const head = make("th", undefined, column.kind === "number" ? "number" : ""), button = make("button", column.label);
      button.type = "button";
      head.dataset.field = column.field;
      head.dataset.label = column.label; // a browser does not print a button again on each page
      head.append(button);
      if (column.unit) head.append(make("span", ` ${column.unit}`, "unit"));
      button.addEventListener("click", () => {
        // first the largest of numbers, the first of words; then the other way
        state.down = state.by === column.field ? !state.down : column.kind === "number" && column.field !== "number";
        state.by = column.field;
        for (const other of row.children) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", state.down ? "descending" : "ascending");
        $("window").scrollTop = 0;
        select();
      });
      row.append(head);
    }
    $("table").tHead.append(row);
  }

  function drawFilters() {
    $("words").addEventListener("input", (e) => { state.text = e.target.value; $("window").scrollTop = 0; select(); });
    for (const [field, label] of Object.entries(FILTERS)) {
      const values = new Set();
      for (let k = 0; k < count; k++) said(field, k).forEach((v) => { if (v !== null) values.add(v); });
      const box = make("select"), caption = make("label", label);
      box.id = `only-${field}`;
      box.append(new Option("all", ""), ...[...values].sort().map((v) => new Option(v.replaceAll("_", " "), v)));
      box.addEventListener("change", () => { state.chosen[field] = box.value; $("window").scrollTop = 0; select(); });
      caption.append(box);
      $("filters").append(caption);
    }
  }

  function drawOthers() {
    if (!others.length) return;
    $("others").hidden = false;
    const groups = new Map();
    for (const one of others) {
      const key = `${one[1]} ${one[2] || ""}`;
      groups.set(key, [...(groups.get(key) || []), one]);
    }
    const rank = ["failed", "waiting", "left_out"];
    const ordered = [...groups.values()].sort((a, b) => rank.indexOf(a[0][1]) - rank.indexOf(b[0][1]) || b.length - a.length);
    for (const group of ordered) {
      const [, status, reason] = group[0], part = make("details", undefined, "reason"), head = make("summary");
      head.append(make("span", status.replaceAll("_", " "), "pill"), ` ${group.length} × ${reasons[reason] || reason || "not done yet"} `, make("code", reason || ""));
      part.append(head);
      part.open = status === "failed" && group.length <= 20;
      const table = make("table");
      const fill = () => {
        if (table.rows.length) return;
        for (const one of group.slice(0, MOST_LISTED)) {
          const row = table.insertRow();
          row.append(make("td", `series ${one[0]}`), make("td", `${one[4] || "?"}, ${one[5] ?? "?"} images`), make("td", one[3] || ""));
        }
        if (group.length > MOST_LISTED) table.insertRow().append(make("td", `and ${group.length - MOST_LISTED} more, in studies.csv`));
      };
      part.append(table);
      part.addEventListener("toggle", fill);
      if (part.open) fill();
      $("others").append(part);
    }
  }

  drawHead();
  drawFilters();
  drawOthers();
  select();
  $("window").addEventListener("scroll", () => drawRows(false), { passive: true });
  window.addEventListener("resize", () => drawRows(false));
  window.addEventListener("beforeprint", () => drawRows(true, true));
  window.addEventListener("afterprint", () => drawRows(true));
  document.body.dataset.drawn = "true";
})();
