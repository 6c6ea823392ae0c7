// The app's own API: JSON in, JSON out, and errors in the words of the server.

export class Refused extends Error {
  constructor(status, body) {
    super(body.request_id ? `${body.detail} (request ${body.request_id})` : body.detail);
    this.status = status;
  }
}

export async function call(method, path, body) {
  const response = await fetch(path, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!response.ok) throw await refusal(response);
  return response.status === 204 ? null : response.json();
}

// Tell each server-sent event to `hear(name, data)` as it comes.
export async function stream(path, body, hear) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw await refusal(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const events = (text + part.value).split("\n\n");
    text = events.pop();
    for (const event of events) tell(event, hear);
  }
}

function tell(event, hear) {
  const lines = event.split("\n");
  const field = (name) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
  if (field("event")) hear(field("event"), JSON.parse(field("data")));
}

async function refusal(response) {
  const body = await response.json().catch(() => ({ detail: `The server answered ${response.status}.` }));
  return new Refused(response.status, body);
}
