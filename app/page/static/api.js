// The app's own API: JSON in, JSON out, and errors in the words of the server.

const ENDINGS = ["complete", "error", "cancelled"];
const LONGEST_PAUSE = 5000;

export class Refused extends Error {
  constructor(status, body) {
    super(body.detail);
    this.status = status;
    this.requestId = body.request_id;
    this.traceId = body.trace_id;
    this.version = body.version;
  }
}

export async function call(method, path, body, options = {}) {
  const response = await fetch(path, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
    ...options,
  });
  if (!response.ok) throw await refusal(response);
  return response.status === 204 ? null : response.json();
}

// Tell each event of an ordered turn to `hear(name, data)` until the last. A line that is cut is taken up again where
// it was cut; `lost(true)` says that it is, `lost(false)` that it is back.
export async function follow(requestId, hear, lost, signal) {
  let seen = 0;
  let isOver = false;
  let failures = 0;
  const take = (number, name, data) => {
    seen = number;
    isOver = ENDINGS.includes(name);
    hear(name, data);
  };
  while (!isOver) {
    try {
      await read(`/api/chat/events/${requestId}?after=${seen}`, take, () => lost(false), signal);
      failures = 0;
    } catch (error) {
      if (signal.aborted || (error instanceof Refused && error.status < 500)) throw error;
      lost(true);
      await new Promise((done) => setTimeout(done, Math.min(LONGEST_PAUSE, 500 * 2 ** failures)));
      failures += 1;
    }
  }
}

async function read(path, take, opened, signal) {
  const response = await fetch(path, { signal, cache: "no-store" });
  if (!response.ok) throw await refusal(response);
  opened();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const events = (text + part.value).split("\n\n");
    text = events.pop();
    for (const event of events) tell(event, take);
  }
}

function tell(event, take) {
  const lines = event.split("\n");
  const field = (name) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
  if (field("event")) take(Number(field("id")), field("event"), JSON.parse(field("data")));
}

async function refusal(response) {
  const body = await response.json().catch(() => ({ detail: `The server answered ${response.status}.` }));
  return new Refused(response.status, body);
}
