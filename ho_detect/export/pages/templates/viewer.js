"use strict";
// Surfaces in WebGL 2: unpack, draw on demand, turn by pointer or keys. Patient coordinates: x left, y posterior, z superior.
const QUARTER = Math.PI / 2;
const VIEWS = { anterior: [0, 0], posterior: [2 * QUARTER, 0], right: [-QUARTER, 0], left: [QUARTER, 0], inferior: [0, -QUARTER] };
const BONE = ["solid", "see-through", "hidden"];

const VERTEX = `#version 300 es
in vec3 place; in vec3 normal; uniform mat3 turn; uniform vec3 middle; uniform vec3 scale; out vec3 facing;
void main() { vec3 p = turn * (place - middle); facing = turn * normal; gl_Position = vec4(p * scale, 1.0); }`;
const FRAGMENT = `#version 300 es
precision highp float; in vec3 facing; uniform vec3 colour; uniform bool glass; out vec4 ink;
void main() {
  float light = abs(normalize(facing).z);
  ink = glass ? vec4(colour, mix(0.5, 0.03, light)) : vec4(colour * (0.22 + 0.78 * light) + 0.10 * pow(light, 24.0), 1.0);
}`;

async function inflate(text) {
  const packed = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// Differences back to numbers, of rows of so many.
function summed(steps, width) {
  for (let k = width; k < steps.length; k++) steps[k] += steps[k - width];
  return steps;
}

function unpack(mesh, bytes) {
  let at = 0;
  return mesh.parts.map((part) => {
    const middle = at + 6 * part.vertices, end = middle + 12 * part.triangles;
    const steps = summed(new Int16Array(bytes.slice(at, middle).buffer), 3);
    const place = Float32Array.from(steps, (value, k) => mesh.low[k % 3] + mesh.quantum * value);
    const faces = Uint32Array.from(summed(new Int32Array(bytes.slice(middle, end).buffer), 1));
    at = end;
    const colour = [1, 3, 5].map((k) => parseInt(part.colour.slice(k, k + 2), 16) / 255);
    return { id: part.id, css: part.colour, colour, place, faces, normal: normals(place, faces), middle: middleOf(place) };
  });
}

function normals(place, faces) {
  const out = new Float32Array(place.length);
  for (let f = 0; f < faces.length; f += 3) {
    const [a, b, c] = [3 * faces[f], 3 * faces[f + 1], 3 * faces[f + 2]];
    const [ux, uy, uz] = [place[b] - place[a], place[b + 1] - place[a + 1], place[b + 2] - place[a + 2]];
    const [vx, vy, vz] = [place[c] - place[a], place[c + 1] - place[a + 1], place[c + 2] - place[a + 2]];
    const n = [uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx];
    for (const v of [a, b, c]) for (let k = 0; k < 3; k++) out[v + k] += n[k];
  }
  return out;
}

function middleOf(place) {
  const low = [Infinity, Infinity, Infinity], high = [-Infinity, -Infinity, -Infinity];
  for (let k = 0; k < place.length; k++) {
    low[k % 3] = Math.min(low[k % 3], place[k]);
    high[k % 3] = Math.max(high[k % 3], place[k]);
  }
  return { low, high, point: low.map((v, k) => (v + high[k]) / 2) };
}

// Rows: the patient directions that run right, up and towards the eye.
function turnOf([yaw, pitch]) {
  const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  return [[cy, sy, 0], [-sp * sy, sp * cy, cp], [cp * sy, -cp * cy, sp]];
}

const apply = (turn, p) => turn.map((row) => row[0] * p[0] + row[1] * p[1] + row[2] * p[2]);

function program(gl) {
  const made = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(made, shader);
  }
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(made));
  return made;
}

function upload(gl, shader, part) {
  part.array = gl.createVertexArray();
  gl.bindVertexArray(part.array);
  for (const name of ["place", "normal"]) {
    const where = gl.getAttribLocation(shader, name);
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, part[name], gl.STATIC_DRAW);
    gl.enableVertexAttribArray(where);
    gl.vertexAttribPointer(where, 3, gl.FLOAT, false, 0, 0);
  }
  gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, part.faces, gl.STATIC_DRAW);
}

// Show the scene in a stage (canvas and svg inside); where WebGL 2 or unpacking is missing the still pictures stay.
async function showScene(stage, mesh) {
  const canvas = stage.querySelector("canvas"), drawing = stage.querySelector("svg");
  const gl = canvas.getContext("webgl2", { antialias: true, preserveDrawingBuffer: true });
  if (!gl || !window.DecompressionStream || !mesh.parts.length) return;
  const parts = unpack(mesh, await inflate(mesh.data));
  const shader = program(gl);
  parts.forEach((part) => upload(gl, shader, part));
  document.body.classList.add("live");

  const low = [0, 1, 2].map((k) => Math.min(...parts.map((p) => p.middle.low[k])));
  const high = [0, 1, 2].map((k) => Math.max(...parts.map((p) => p.middle.high[k])));
  const middle = low.map((v, k) => (v + high[k]) / 2);
  const reach = Math.hypot(...low.map((v, k) => high[k] - v)) / 2;
  const eye = { view: [...VIEWS.anterior], zoom: 1, bone: 0 };
  let waiting = false;
  const redraw = () => { if (!waiting) { waiting = true; requestAnimationFrame(() => { waiting = false; draw(); }); } };
  const uniform = Object.fromEntries(["turn", "middle", "scale", "colour", "glass"].map((n) => [n, gl.getUniformLocation(shader, n)]));

  function draw() {
    const sharp = Math.min(window.devicePixelRatio || 1, 2), width = stage.clientWidth, height = stage.clientHeight;
    canvas.width = Math.round(width * sharp);
    canvas.height = Math.round(height * sharp);
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(0.051, 0.059, 0.071, 1);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.enable(gl.DEPTH_TEST);
    gl.useProgram(shader);
    const turn = turnOf(eye.view);
    const fit = Math.min(width / (high[0] - low[0]), height / (high[2] - low[2])) * 0.94 * eye.zoom; // pixels per mm
    gl.uniformMatrix3fv(uniform.turn, true, turn.flat());
    gl.uniform3fv(uniform.middle, middle);
    gl.uniform3f(uniform.scale, (2 * fit) / width, (2 * fit) / height, -0.9 / reach);
    const paint = (part, glass) => {
      gl.uniform3fv(uniform.colour, part.colour);
      gl.uniform1i(uniform.glass, glass);
      gl.bindVertexArray(part.array);
      gl.drawElements(gl.TRIANGLES, part.faces.length, gl.UNSIGNED_INT, 0);
    };
    gl.disable(gl.BLEND);
    gl.depthMask(true);
    parts.filter((p) => p.id !== 0 || eye.bone === 0).forEach((p) => paint(p, false));
    if (eye.bone === 1) {
      gl.enable(gl.BLEND);
      gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA);
      gl.depthMask(false);
      parts.filter((p) => p.id === 0).forEach((p) => paint(p, true));
    }
    annotate(turn, fit, width, height);
  }

  function annotate(turn, fit, width, height) {
    const words = [];
    const text = (x, y, word, css) => words.push(`<text x="${x.toFixed(1)}" y="${y.toFixed(1)}"${css ? ` style="fill:${css}"` : ""}>${word}</text>`);
    for (const part of parts) {
      if (part.id <= 0) continue;
      const [x, y] = apply(turn, part.middle.point.map((v, k) => v - middle[k]));
      text(width / 2 + fit * x, height / 2 - fit * y, part.id, part.css);
    }
    const directions = { L: [1, 0, 0], R: [-1, 0, 0], P: [0, 1, 0], A: [0, -1, 0], S: [0, 0, 1], I: [0, 0, -1] };
    for (const [letter, way] of Object.entries(directions)) {
      const [x, y] = apply(turn, way);
      if (Math.hypot(x, y) < 0.35) continue;
      words.push(`<line class="hand" x1="44" y1="${height - 44}" x2="${44 + 20 * x}" y2="${height - 44 - 20 * y}"/>`);
      text(44 + 31 * x, height - 44 - 31 * y, letter);
    }
    const bar = 50 * fit;
    words.push(`<line x1="${width - 16 - bar}" y1="${height - 16}" x2="${width - 16}" y2="${height - 16}"/>`);
    text(width - 16 - bar / 2, height - 28, "5 cm");
    drawing.innerHTML = words.join("");
  }

  const turnBy = (dx, dy) => {
    eye.view = [eye.view[0] + dx, Math.max(-Math.PI / 2, Math.min(Math.PI / 2, eye.view[1] + dy))];
    redraw();
  };
  const zoomBy = (factor) => { eye.zoom = Math.max(0.4, Math.min(12, eye.zoom * factor)); redraw(); };
  const reset = () => { Object.assign(eye, { view: [...VIEWS.anterior], zoom: 1 }); redraw(); };
  listen(canvas, turnBy, zoomBy, reset);
  document.querySelectorAll("[data-view]").forEach((button) =>
    button.addEventListener("click", () => { eye.view = [...VIEWS[button.dataset.view]]; redraw(); }));
  const bone = document.getElementById("bone");
  bone.addEventListener("click", () => {
    eye.bone = (eye.bone + 1) % BONE.length;
    bone.textContent = "bone: " + BONE[eye.bone];
    redraw();
  });
  new ResizeObserver(redraw).observe(stage);
  draw();
  stage.dataset.drawn = "true";
}

function listen(canvas, turnBy, zoomBy, reset) {
  const held = new Map();
  const spread = () => { const [a, b] = [...held.values()]; return Math.hypot(a.x - b.x, a.y - b.y); };
  canvas.addEventListener("pointerdown", (e) => { canvas.setPointerCapture(e.pointerId); held.set(e.pointerId, { x: e.clientX, y: e.clientY }); });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, (e) => held.delete(e.pointerId));
  canvas.addEventListener("pointermove", (e) => {
    const last = held.get(e.pointerId);
    if (!last) return;
    const before = held.size === 2 ? spread() : 0;
    held.set(e.pointerId, { x: e.clientX, y: e.clientY });
    if (held.size === 1) turnBy((e.clientX - last.x) / -160, (e.clientY - last.y) / 160);
    else if (held.size === 2 && before > 0) zoomBy(spread() / before);
  });
  // a wheel over the picture scrolls the page until the picture has been chosen by a click
  canvas.addEventListener("wheel", (e) => {
    if (document.activeElement !== canvas) return;
    e.preventDefault();
    zoomBy(Math.exp(-e.deltaY / 500));
  }, { passive: false });
  canvas.addEventListener("dblclick", reset);
  canvas.addEventListener("keydown", (e) => {
    const keys = {
      ArrowLeft: () => turnBy(0.12, 0), ArrowRight: () => turnBy(-0.12, 0), ArrowUp: () => turnBy(0, -0.12),
      ArrowDown: () => turnBy(0, 0.12), "+": () => zoomBy(1.15), "=": () => zoomBy(1.15), "-": () => zoomBy(1 / 1.15), Home: reset,
    };
    if (!keys[e.key] || e.ctrlKey || e.metaKey || e.altKey) return;
    e.preventDefault();
    keys[e.key]();
  });
}
