// The presentation: one slide fills the screen; arrows turn pages.

import { make, part } from "./dom.js";
import { scaled } from "./scale.js";
import { nameOf } from "./slides.js";

const STEPS = { ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, Enter: 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1, Backspace: -1 };
let shown = null;

export function present(deck, index, frameOf, turned) {
  shown = { slides: deck.slides, frameOf, turned };
  part("show").showModal();
  part("show").requestFullscreen?.().catch(() => null);
  turn(index);
  part("show-stage").focus();
}

function turn(index) {
  shown.index = Math.max(0, Math.min(shown.slides.length - 1, index));
  const slide = shown.slides[shown.index];
  const frame = make("iframe", { title: nameOf(slide), tabIndex: -1 });
  frame.sandbox = "allow-scripts";
  frame.src = shown.frameOf(slide.index);
  part("show-stage").replaceChildren(scaled(frame));
  part("show-place").textContent = `${shown.index + 1} / ${shown.slides.length}`;
  part("show-back").disabled = shown.index === 0;
  part("show-next").disabled = shown.index === shown.slides.length - 1;
  shown.turned(shown.index);
}

function end() {
  if (document.fullscreenElement) document.exitFullscreen();
  if (part("show").open) part("show").close();
}

document.addEventListener("keydown", (event) => {
  if (!part("show").open) return;
  if (event.target.tagName === "BUTTON" && [" ", "Enter"].includes(event.key)) return;
  const target = { Home: 0, End: shown.slides.length - 1 }[event.key] ?? (event.key in STEPS ? shown.index + STEPS[event.key] : null);
  if (target === null) return;
  event.preventDefault();
  turn(target);
});
part("show").addEventListener("close", () => {
  part("show-stage").replaceChildren();
  end();
});
// Escape leaves the full screen first, and the dialog with it.
document.addEventListener("fullscreenchange", () => document.fullscreenElement || end());
part("show-back").addEventListener("click", () => turn(shown.index - 1));
part("show-next").addEventListener("click", () => turn(shown.index + 1));
part("show-end").addEventListener("click", end);
