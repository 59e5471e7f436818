"use strict";
(() => {
  const marks = document.getElementById("marks");
  marks.addEventListener("click", () => {
    const hidden = document.body.classList.toggle("unmarked");
    marks.setAttribute("aria-pressed", String(!hidden));
  });
  const stage = document.querySelector(".scene");
  if (stage) showScene(stage, JSON.parse(document.getElementById("mesh").textContent));
})();
