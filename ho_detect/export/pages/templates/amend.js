"use strict";
(() => {
  const part = document.getElementById("amend");
  if (!part) return;
  part.hidden = false;
  const form = part.querySelector("form");
  const numbers = (kind) =>
    [...document.querySelectorAll(`input[data-${kind}]:checked`)].map((box) => Number(box.dataset[kind]));
  const show = () => {
    const drop = numbers("drop"), keep = numbers("keep");
    const said = [];
    if (drop.length) said.push(`drop lesion ${drop.join(", ")}`);
    if (keep.length) said.push(`count number ${keep.join(", ")}`);
    document.getElementById("ticked").textContent = said.join("; ") || "nothing is ticked";
    form.querySelector("button").disabled = !said.length;
  };
  document.addEventListener("change", (event) => {
    if (event.target.matches("input[data-drop], input[data-keep]")) show();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const said = {
      ho_detect: "amendment",
      version: 1,
      findings_sha256: part.dataset.findings,
      reader: form.elements.reader.value,
      at: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
      comment: form.elements.comment.value,
      keep: numbers("keep"),
      drop: numbers("drop"),
    };
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(said, null, 1)], { type: "application/json" }));
    link.download = "amendment.json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });
  show(); // a browser may keep what was ticked
})();
