// Below each answer: the way to its trace, and what the person thinks of it.

import { call } from "./api.js";
import { explain, iconButton, make, toast } from "./dom.js";

export function after({ trace_id: trace, trace_url: url, request_id: request, feedback }) {
  const row = make("div", { className: "after" });
  if (request) row.append(make("small", { className: "ids", textContent: ["request", request, trace && `trace ${trace}`].filter(Boolean).join(" ") }));
  if (url) row.append(make("a", { href: url, target: "_blank", rel: "noopener", textContent: "See the trace" }));
  if (!trace) return row;
  const thumbs = {
    true: iconButton("thumb", "up", "Good answer", () => give(row, thumbs, trace, true)),
    false: iconButton("thumb", "down", "Bad answer", () => give(row, thumbs, trace, false)),
  };
  row.append(...Object.values(thumbs));
  if (feedback) show(row, thumbs, feedback);
  return row;
}

async function give(row, thumbs, trace, value) {
  await send(row, thumbs, { trace_id: trace, value });
  row.querySelector(".reason")?.remove();
  const words = make("input", { placeholder: value ? "What was good? (optional)" : "What was wrong?", maxLength: 5000, "aria-label": "Reason" });
  const form = make("form", { className: "reason" }, words, make("button", { textContent: "Send" }));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (await send(row, thumbs, { trace_id: trace, value, rationale: words.value })) form.remove();
  });
  row.append(form);
  words.focus();
}

async function send(row, thumbs, given) {
  try {
    const { stored } = await call("POST", "/api/feedback", given);
    show(row, thumbs, given);
    toast(stored ? "Thank you: it is on its way to the trace." : "Kept here; nothing is traced, so MLflow does not get it.");
    return true;
  } catch (error) {
    toast(explain(error));
    return false;
  }
}

function show(row, thumbs, { value, rationale }) {
  for (const [own, button] of Object.entries(thumbs)) button.setAttribute("aria-pressed", String(own === String(value)));
  row.querySelector(".reason-given")?.remove();
  if (rationale) row.append(make("p", { className: "reason-given", textContent: `“${rationale}”` }));
}
