"use strict";
// Distributions as inline SVG: bars of counted words, and histograms of numbers.
const SVG = "http://www.w3.org/2000/svg";

function mark(parent, name, attributes, text) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  parent.append(node);
  return node;
}

function frame(title, width, height) {
  const figure = document.createElement("figure");
  figure.style.margin = 0;
  const heading = document.createElement("h3");
  heading.textContent = title;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("role", "group");
  svg.setAttribute("aria-label", title);
  figure.append(heading, svg);
  return [figure, svg];
}

// Bars of how often each word occurs, in the order given; a bar that can be chosen calls choose(word).
function bars(title, words, order, chosen, choose) {
  const count = new Map(order.map((word) => [word, 0]));
  for (const word of words) count.set(word, (count.get(word) || 0) + 1);
  const most = Math.max(1, ...count.values()), row = 17;
  const [figure, svg] = frame(title, 250, row * count.size + 2);
  [...count].forEach(([word, number], k) => {
    const group = mark(svg, "g", choose ? { role: "button", tabindex: 0, "aria-pressed": chosen === word } : {});
    if (chosen && chosen !== word) group.setAttribute("class", "off");
    mark(group, "rect", { x: 0, y: row * k, width: 250, height: row, style: "fill:transparent" });
    mark(group, "text", { x: 92, y: row * k + 11, "text-anchor": "end" }, word.replaceAll("_", " "));
    mark(group, "rect", { x: 98, y: row * k + 2, width: (118 * number) / most, height: row - 5, rx: 1.5 });
    mark(group, "text", { x: 102 + (118 * number) / most, y: row * k + 11, class: "number" }, number);
    if (!choose) return;
    group.addEventListener("click", () => choose(chosen === word ? "" : word));
    group.addEventListener("keydown", (e) => { if (e.key === "Enter") choose(chosen === word ? "" : word); });
  });
  return figure;
}

// A histogram between edges; what is written below the edges is their text.
function histogram(title, numbers, edges, texts) {
  const counts = new Array(edges.length - 1).fill(0);
  let beyond = 0;
  for (const v of numbers) {
    const k = edges.findIndex((edge, n) => v >= edge && v < (edges[n + 1] ?? -Infinity));
    if (k >= 0) counts[k]++;
    else beyond++;
  }
  const most = Math.max(1, ...counts), wide = 250 / counts.length;
  const [figure, svg] = frame(title, 250, 110);
  counts.forEach((number, k) => {
    const high = (76 * number) / most;
    const bar = mark(svg, "rect", { x: k * wide + 0.7, y: 90 - high, width: wide - 1.4, height: high });
    mark(bar, "title", {}, `${texts[k]} to ${texts[k + 1]}: ${number}`);
    if (number === most && numbers.length) mark(svg, "text", { x: (k + 0.5) * wide, y: 86 - high, "text-anchor": "middle", class: "number" }, number);
  });
  mark(svg, "line", { x1: 0, y1: 90, x2: 250, y2: 90, class: "axis" });
  const every = Math.ceil(edges.length / 6);
  texts.forEach((text, k) => { if (k % every === 0) mark(svg, "text", { x: k * wide, y: 103, "text-anchor": k === 0 ? "start" : k === texts.length - 1 ? "end" : "middle" }, text); });
  if (beyond) mark(svg, "text", { x: 250, y: 10, "text-anchor": "end" }, `${beyond} beyond`);
  return figure;
}
