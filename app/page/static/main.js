// The page put together: a question becomes a turn; what the server tells of it is shown as it comes.

import { call, stream } from "./api.js";
import { Turn, clear, show } from "./conversation.js";
import * as deck from "./deck.js";
import { make, part, toast } from "./dom.js";
import * as light from "./light.js";
import * as sessions from "./sessions.js";

const EXAMPLES = [
  "How did revenue develop by region in 2024?",
  "Which products have the best profit margin?",
  "Show me the sales trend for Cold Brew",
];

async function open(id) {
  sessions.remember(id);
  clear();
  await Promise.all([id && messages(id), deck.load(id), sessions.list(open)]);
  part("message").focus();
}

async function messages(id) {
  try {
    show((await call("GET", `/api/sessions/${id}/messages`)).messages);
  } catch (error) {
    toast(error.message);
    sessions.remember(null);
  }
}

async function ask(message) {
  const turn = new Turn(message);
  const asked = { message, max_slides: part("max-slides").valueAsNumber, session_id: sessions.current() };
  working(true);
  try {
    await stream("/api/chat/stream", asked, (name, data) => hear(turn, name, data));
  } catch (error) {
    turn.say(error.message, true);
    turn.end({});
  }
  working(false);
  await Promise.all([sessions.list(open), light.look()]);
}

function hear(turn, name, data) {
  if (name === "session_created") {
    sessions.remember(data.session_id);
    working(true);
  } else if (name === "complete") {
    turn.end(data.metadata);
    deck.show(data.session_id, data.slide_deck);
  } else if (name === "error" || name === "cancelled") {
    turn.say(data.detail, true);
    turn.end({ trace_id: data.trace_id });
  } else turn.hear(data);
}

function working(is) {
  part("send").disabled = is;
  // A turn is ended by its session, which a first question has not got yet.
  part("stop").hidden = !is || !sessions.current();
}

part("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const message = part("message").value.trim();
  if (!message || part("send").disabled) return;
  part("message").value = "";
  ask(message);
});
part("message").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey) return;
  event.preventDefault();
  part("ask").requestSubmit();
});
part("stop").addEventListener("click", () => call("POST", `/api/chat/${sessions.current()}/cancel`).catch((error) => toast(error.message)));
part("new-session").addEventListener("click", () => open(null));
part("examples").append(...EXAMPLES.map((words) => {
  const example = make("button", { type: "button", textContent: words });
  example.addEventListener("click", () => ask(words));
  return example;
}));

light.watch();
open(sessions.current());
