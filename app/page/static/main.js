// The page put together: a question becomes a turn; what the server tells of it is shown as it comes.

import * as address from "./address.js";
import { call } from "./api.js";
import { Turn, clear, show } from "./conversation.js";
import * as deck from "./deck.js";
import { explain, make, part, toast } from "./dom.js";
import * as light from "./light.js";
import * as sessions from "./sessions.js";
import * as turns from "./turns.js";

const EXAMPLES = [
  "How did revenue develop by region in 2024?",
  "Which products have the best profit margin?",
  "Show me the sales trend for Cold Brew",
];

async function open(id, place = null) {
  turns.leave();
  working(false);
  address.remember(id, place);
  clear();
  sessions.close();
  const [session] = await Promise.all([id && opened(id), deck.load(id, place), sessions.list(open)]);
  if (address.session() !== id) return;
  if (session?.turn) await attend(id, session.turn.request_id, new Turn(session.turn.message));
  else part("message").focus();
}

async function opened(id) {
  try {
    const [session, { messages }] = await Promise.all([
      call("GET", `/api/sessions/${id}`),
      call("GET", `/api/sessions/${id}/messages`),
    ]);
    if (address.session() === id) show(messages);
    return session;
  } catch (error) {
    toast(explain(error));
    address.remember(null);
    return null;
  }
}

async function ask(message) {
  const turn = new Turn(message);
  working(true);
  try {
    const id = address.session() ?? (await begin());
    const asked = { message, max_slides: part("max-slides").valueAsNumber, session_id: id, expected_version: deck.version() };
    await attend(id, await turns.order(asked), turn);
  } catch (error) {
    await refused(message, turn, error);
  }
}

async function begin() {
  const { session_id: id } = await call("POST", "/api/sessions");
  address.remember(id);
  return id;
}

// The question comes back, so that it is not to be typed again.
async function refused(message, turn, error) {
  turn.fail(error);
  working(false);
  if (!part("message").value) part("message").value = message;
  if (error.version !== undefined) await deck.load(address.session());
}

async function attend(session, requestId, turn) {
  working(true);
  try {
    if (await turns.attend(requestId, turn, (name, data) => hear(session, turn, name, data))) working(false);
  } catch (error) {
    turn.fail(error);
    working(false);
  }
  await Promise.all([sessions.list(open), light.look()]);
}

function hear(session, turn, name, data) {
  if (name === "complete") {
    turn.end(data.metadata);
    if (address.session() === session) deck.replace(session, data.slide_deck);
  } else if (name === "error" || name === "cancelled") {
    turn.say(data.detail, true);
    turn.end({ trace_id: data.trace_id, request_id: data.request_id });
  } else turn.hear(data);
}

function working(is) {
  part("send").disabled = is;
  part("stop").hidden = !is;
}

part("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const message = part("message").value.trim();
  if (!message || part("send").disabled) return;
  part("message").value = "";
  ask(message);
});
part("message").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  part("ask").requestSubmit();
});
part("stop").addEventListener("click", () => turns.cancel(address.session()).catch((error) => toast(explain(error))));
part("new-session").addEventListener("click", () => open(null));
part("menu").addEventListener("click", sessions.toggle);
part("examples").append(...EXAMPLES.map((words) => {
  const example = make("button", { type: "button", textContent: words });
  example.addEventListener("click", () => ask(words));
  return example;
}));
addEventListener("hashchange", () => open(address.session(), address.slide()));

light.watch();
open(address.session(), address.slide());
