// The deck: slides in sandboxed frames; dragged into another order, edited, duplicated, deleted, undone.

import * as address from "./address.js";
import { call } from "./api.js";
import { explain, iconButton, make, part, toast } from "./dom.js";
import { edit } from "./editor.js";
import { present } from "./present.js";
import { scaled } from "./scale.js";
import { nameOf } from "./slides.js";

let session = null;
let deck = null;
let dragged = null;

export const version = () => deck?.version ?? null;

export async function load(id, place = null) {
  const found = id ? await call("GET", `/api/slides?session_id=${id}`).catch(() => null) : null;
  if (id && address.session() !== id) return;
  show(id, found);
  if (place !== null) part("slides").children[place]?.scrollIntoView({ block: "center" });
}

// What a turn has made, or left, in place of what is shown.
export function replace(id, made) {
  const isOther = deck && made && made.version !== deck.version;
  show(id, made);
  if (isOther) toast("The deck is changed.", { words: "Undo", act: undo });
}

function show(id, shown) {
  session = id;
  deck = shown;
  part("deck-bar").hidden = !deck;
  part("no-deck").hidden = Boolean(deck);
  part("slides").replaceChildren(...(deck?.slides ?? []).map(card));
  if (!deck) return;
  part("deck-title").textContent = deck.title;
  part("deck-count").textContent = deck.slide_count === 1 ? "1 slide" : `${deck.slide_count} slides`;
  part("export").href = `/api/slides/export?format=html&session_id=${session}`;
  part("print").href = `/api/slides/print?session_id=${session}`;
}

export const frameOf = (index) => `/api/slides/${index}/frame?session_id=${session}&version=${deck.version}`;

function card(slide) {
  const name = nameOf(slide);
  const frame = make("iframe", { title: name, loading: "lazy", tabIndex: -1 });
  // Scripts may draw; without an origin of ours they reach nothing.
  frame.sandbox = "allow-scripts";
  frame.src = frameOf(slide.index);
  const bar = make("div", { className: "card-bar" },
    make("span", { className: "number", textContent: slide.index + 1 }),
    iconButton("icon", "present", `Present from slide ${slide.index + 1}`, () => start(slide.index)),
    iconButton("icon", "edit", `Edit slide ${slide.index + 1}`, () => edit(slide, `${frameOf(slide.index)}&edit=true`, (html) => change("PATCH", `/${slide.index}`, { html }))),
    iconButton("icon", "copy", `Duplicate slide ${slide.index + 1}`, () => attempt("POST", `/${slide.index}/duplicate`)),
    iconButton("icon", "delete", `Delete slide ${slide.index + 1}`, () => remove(slide)));
  const element = make("li", {
    className: "card", draggable: true, tabIndex: 0, title: "Drag to reorder, or Alt and an arrow key",
    "aria-label": `${name}, ${slide.index + 1} of ${deck.slide_count}`, "aria-keyshortcuts": "Alt+ArrowLeft Alt+ArrowRight Enter",
  }, scaled(frame), bar);
  element.dataset.index = slide.index;
  return movable(element, slide.index);
}

function movable(element, index) {
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
  element.addEventListener("focus", () => address.remember(session, index));
  element.addEventListener("dblclick", () => start(index));
  element.addEventListener("keydown", (event) => {
    if (event.target !== element) return;
    const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (event.altKey && step) move(index, index + step);
    else if (event.key === "Enter") start(index);
  });
  return element;
}

const start = (index) => present(deck, index, frameOf, (place) => address.remember(session, place));

async function move(from, to) {
  const order = deck.slides.map((slide) => slide.index);
  if (from === null || from === to || to < 0 || to >= order.length) return;
  order.splice(to, 0, ...order.splice(from, 1));
  await attempt("PUT", "/reorder", { new_order: order });
  part("slides").children[to]?.focus();
}

async function remove(slide) {
  if (await attempt("DELETE", `/${slide.index}`)) toast(`Slide ${slide.index + 1} is deleted.`, { words: "Undo", act: undo });
}

async function undo() {
  try {
    show(session, await call("POST", `/api/sessions/${session}/undo?expected_version=${deck.version}`));
  } catch (error) {
    await failed(error);
  }
}

async function attempt(method, path, body) {
  try {
    await change(method, path, body);
    return true;
  } catch (error) {
    await failed(error);
    return false;
  }
}

// Somebody else's change is shown, not overwritten.
async function failed(error) {
  toast(explain(error));
  if (error.version !== undefined) await load(session);
}

async function change(method, path, body) {
  const of = session;
  const changed = await call(method, `/api/slides${path}?session_id=${of}&expected_version=${deck.version}`, body);
  if (of === session) show(of, changed);
}

part("present").addEventListener("click", () => start(0));
part("undo").addEventListener("click", undo);
