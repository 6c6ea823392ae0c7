// The conversation: what was said turn by turn, and the steps of the turn that is running.

import { make, part } from "./dom.js";
import { after } from "./feedback.js";

export class Turn {
  constructor(question) {
    this.steps = make("ol");
    this.summary = make("summary");
    this.details = make("details", { className: "steps", open: true, hidden: true }, this.summary, this.steps);
    this.working = make("p", { className: "working", textContent: "Thinking …" });
    this.element = make("article", { className: "turn" }, make("p", { className: "said user", textContent: question }), this.details, this.working);
    this.calls = new Map();
    part("welcome").hidden = true;
    part("conversation").append(this.element);
    this.scroll();
  }

  hear(message) {
    if (message.tool_call) this.called(message);
    else if (message.role === "tool") this.answered(message);
    else this.say(message.content);
    this.scroll();
  }

  called({ tool_call: call, tool_call_id: id }) {
    const step = make("li", { textContent: `Asking the data: ${call.arguments.query ?? JSON.stringify(call.arguments)}` });
    this.calls.set(id, step);
    this.steps.append(step);
    this.details.hidden = false;
    this.count();
    this.now("Asking the data …");
  }

  answered({ tool_call_id: id, content }) {
    const isRows = content.startsWith("{");
    this.calls.get(id)?.classList.add(isRows ? "done" : "refused");
    if (!isRows) this.calls.get(id)?.append(`: ${content}`);
    this.now("Writing …");
  }

  say(words, failed = false) {
    this.working.before(make("p", { className: failed ? "said assistant failed" : "said assistant", textContent: words }));
    this.now("Drawing the slides …");
  }

  fail(error) {
    this.say(error.message, true);
    this.end({ trace_id: error.traceId, request_id: error.requestId });
  }

  now(words) {
    this.doing = words;
    this.working.textContent = words;
  }

  lost(is) {
    this.working.textContent = is ? "The connection is gone. The answer is still being made; trying again …" : this.doing ?? "Thinking …";
  }

  end(about) {
    this.working.remove();
    this.details.open = false;
    this.count();
    this.element.append(after(about ?? {}));
    this.scroll();
  }

  count() {
    this.summary.textContent = this.steps.children.length === 1 ? "1 question to the data" : `${this.steps.children.length} questions to the data`;
  }

  scroll() {
    part("conversation").scrollTop = part("conversation").scrollHeight;
  }
}

// Show a whole conversation as it is kept; messages of one turn follow its question.
export function show(messages) {
  clear();
  let turn = null;
  let last = null;
  for (const message of messages) {
    if (message.role === "user") {
      turn?.end(last);
      turn = new Turn(message.content);
    } else turn?.hear(message);
    last = message;
  }
  turn?.end(last);
}

export function clear() {
  for (const turn of document.querySelectorAll(".turn")) turn.remove();
  part("welcome").hidden = false;
}
