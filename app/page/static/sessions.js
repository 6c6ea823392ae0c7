// The list of sessions; the one that is open is in the address, so that a reload finds it.

import { call } from "./api.js";
import { iconButton, make, part, toast } from "./dom.js";

export const current = () => new URLSearchParams(location.hash.slice(1)).get("session");

export function remember(id) {
  history.replaceState(null, "", id ? `#session=${id}` : location.pathname);
}

export async function list(open) {
  const { sessions } = await call("GET", "/api/sessions").catch(() => ({ sessions: [] }));
  part("sessions").replaceChildren(...sessions.map((session) => entry(session, open)));
}

function entry(session, open) {
  const name = make("button", { type: "button", className: "open", textContent: session.title || "Untitled", title: session.title });
  name.addEventListener("click", () => open(session.session_id));
  const item = make("li", {}, name,
    iconButton("icon", "edit", "Rename", () => attempt(rename, session, open)),
    iconButton("icon", "delete", "Delete session", () => attempt(forget, session, open)));
  item.classList.toggle("current", session.session_id === current());
  return item;
}

async function attempt(action, session, open) {
  await action(session, open).catch((error) => toast(error.message));
}

async function rename(session, open) {
  const title = prompt("Title of the session", session.title)?.trim();
  if (!title) return;
  await call("PATCH", `/api/sessions/${session.session_id}`, { title });
  await list(open);
}

async function forget(session, open) {
  if (!confirm(`Delete “${session.title}” with its deck?`)) return;
  await call("DELETE", `/api/sessions/${session.session_id}`);
  if (session.session_id === current()) open(null);
  else await list(open);
}
