// The list of sessions. One that is deleted can be had back for as long as the page says so.

import * as address from "./address.js";
import { call } from "./api.js";
import { explain, iconButton, make, part, toast } from "./dom.js";

const UNDO = 8000;
const forgotten = new Map();

export async function list(open) {
  const found = await call("GET", "/api/sessions").catch(() => null);
  if (!found) return;
  const shown = found.sessions.filter((session) => !forgotten.has(session.session_id));
  part("sessions").replaceChildren(...shown.map((session) => entry(session, open)));
}

function entry(session, open) {
  const title = session.title || "Untitled";
  const name = make("button", { type: "button", className: "open", textContent: title, title });
  name.addEventListener("click", () => open(session.session_id));
  const item = make("li", {}, name,
    session.turn && make("span", { className: "busy", title: "At work", role: "img", "aria-label": "at work" }),
    iconButton("icon", "edit", "Rename", () => rename(session, open).catch((error) => toast(explain(error)))),
    iconButton("icon", "delete", "Delete session", () => forget(session, open)));
  if (session.session_id === address.session()) {
    item.classList.add("current");
    name.setAttribute("aria-current", "true");
  }
  return item;
}

async function rename(session, open) {
  const title = prompt("Title of the session", session.title)?.trim();
  if (!title) return;
  await call("PATCH", `/api/sessions/${session.session_id}`, { title });
  await list(open);
}

function forget(session, open) {
  const id = session.session_id;
  forgotten.set(id, setTimeout(() => remove(id), UNDO));
  if (id === address.session()) open(null);
  else list(open);
  toast(`“${session.title || "Untitled"}” is deleted.`, { words: "Undo", act: () => restore(id, open) });
}

function restore(id, open) {
  clearTimeout(forgotten.get(id));
  forgotten.delete(id);
  open(id);
}

async function remove(id) {
  await call("DELETE", `/api/sessions/${id}`, undefined, { keepalive: true }).catch((error) => toast(explain(error)));
  forgotten.delete(id);
}

// Who closes the page does not want the session back.
addEventListener("pagehide", () => {
  for (const id of forgotten.keys()) remove(id);
});

export function toggle() {
  const isOpen = document.body.classList.toggle("sessions-open");
  part("menu").setAttribute("aria-expanded", String(isOpen));
  if (isOpen) part("new-session").focus();
}

export function close() {
  document.body.classList.remove("sessions-open");
  part("menu").setAttribute("aria-expanded", "false");
}

addEventListener("keydown", (event) => {
  if (event.key === "Escape") close();
});
