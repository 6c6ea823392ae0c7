// The deck: slides in sandboxed frames; dragged into another order, edited, duplicated, deleted, exported.

import { call } from "./api.js";
import { iconButton, make, part, toast } from "./dom.js";
import { edit } from "./editor.js";

let session = null;
let deck = null;
let version = 0;
let dragged = null;

const WIDTH = 1280;
const scaling = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) target.style.setProperty("--scale", contentRect.width / WIDTH);
});
scaling.observe(document.querySelector("#editor .frame"));

export async function load(id) {
  const found = id ? await call("GET", `/api/slides?session_id=${id}`).catch(() => null) : null;
  show(id, found);
}

export function show(id, shown) {
  session = id;
  deck = shown;
  version += 1;
  part("deck-bar").hidden = !deck;
  part("no-deck").hidden = Boolean(deck);
  part("slides").replaceChildren(...(deck?.slides ?? []).map(card));
  if (!deck) return;
  part("deck-title").textContent = deck.title;
  part("deck-count").textContent = deck.slide_count === 1 ? "1 slide" : `${deck.slide_count} slides`;
  part("export").href = `/api/slides/export?format=html&session_id=${session}`;
}

function card(slide) {
  const frame = make("iframe", { title: `Slide ${slide.index + 1}`, loading: "lazy", tabIndex: -1 });
  // Scripts may draw; without an origin of ours they reach nothing.
  frame.sandbox = "allow-scripts";
  frame.src = `/api/slides/${slide.index}/frame?session_id=${session}&version=${version}`;
  const window_ = make("div", { className: "frame" }, frame);
  scaling.observe(window_);
  const bar = make("div", { className: "card-bar" },
    make("span", { className: "number", textContent: slide.index + 1 }),
    iconButton("icon", "edit", "Edit", () => edit(slide, deck.css, (html) => change("PATCH", `/${slide.index}`, { html }))),
    iconButton("icon", "copy", "Duplicate", () => attempt("POST", `/${slide.index}/duplicate`)),
    iconButton("icon", "delete", "Delete", () => attempt("DELETE", `/${slide.index}`)));
  const element = make("li", { className: "card", draggable: true, tabIndex: 0, title: "Drag to reorder, or Alt and an arrow key" }, window_, bar);
  element.dataset.index = slide.index;
  return draggable(element, slide.index);
}

function draggable(element, index) {
  const mark = (shown) => element.classList.toggle("target", shown);
  element.addEventListener("dragstart", (event) => {
    dragged = index;
    event.dataTransfer.setData("text/plain", String(index));
    element.classList.add("dragged");
  });
  element.addEventListener("dragend", () => element.classList.remove("dragged"));
  element.addEventListener("dragover", (event) => { event.preventDefault(); mark(dragged !== index); });
  element.addEventListener("dragleave", () => mark(false));
  element.addEventListener("drop", (event) => { event.preventDefault(); mark(false); move(dragged, index); });
  element.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (event.altKey && step) move(index, index + step);
  });
  return element;
}

function move(from, to) {
  const order = deck.slides.map((slide) => slide.index);
  if (from === null || from === to || to < 0 || to >= order.length) return;
  order.splice(to, 0, ...order.splice(from, 1));
  attempt("PUT", "/reorder", { new_order: order });
}

async function attempt(method, path, body) {
  try {
    await change(method, path, body);
  } catch (error) {
    toast(error.message);
  }
}

async function change(method, path, body) {
  show(session, await call(method, `/api/slides${path}?session_id=${session}`, body));
}
