"use strict";

const part = (id) => document.getElementById(id);
let sessionId = null;

part("ask").addEventListener("submit", async (event) => {
  event.preventDefault();
  part("send").disabled = true;
  say("Asking …");
  try {
    show(await ask(part("message").value, part("max_slides").valueAsNumber));
  } catch (error) {
    say(error.message, true);
  } finally {
    part("send").disabled = false;
    light();
  }
});

async function ask(message, maxSlides) {
  const response = await fetch("/api/chat", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ message, max_slides: maxSlides, session_id: sessionId }),
  });
  const body = await response.json();
  if (!response.ok) throw new Error(`${body.detail} (request ${body.request_id})`);
  return body;
}

function show(answer) {
  sessionId = answer.session_id;
  say(answer.messages.at(-1).content);
  link(answer.metadata.trace_url);
  // A turn that brought no deck leaves the one that is there.
  if (answer.slide_deck) part("deck").replaceChildren(...answer.slide_deck.slides.map((slide) => frame(slide, answer.slide_deck)));
  scale();
}

function say(words, failed = false) {
  part("answer").textContent = words;
  part("answer").toggleAttribute("data-failed", failed);
}

function link(url) {
  part("trace").hidden = !url;
  if (url) part("trace_link").href = url;
}

function frame(slide, deck) {
  const inner = document.createElement("iframe");
  inner.title = `Slide ${slide.index + 1}`;
  // No permissions: what a model wrote cannot run, submit or navigate.
  inner.sandbox = "";
  inner.srcdoc = `<!DOCTYPE html><style>${deck.css}</style>${slide.html}`;
  const outer = document.createElement("div");
  outer.className = "frame";
  outer.append(inner);
  return outer;
}

function scale() {
  for (const outer of document.querySelectorAll(".frame")) outer.style.setProperty("--scale", outer.clientWidth / 1280);
}

async function light() {
  const response = await fetch("/api/tracing/status");
  const status = response.ok ? await response.json() : { state: "unknown" };
  part("light").dataset.state = status.state;
  part("state").textContent = status.reason ? `${status.state}: ${status.reason}` : status.state;
}

window.addEventListener("resize", scale);
light();
