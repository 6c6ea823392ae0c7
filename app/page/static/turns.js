// Turns: ordered as jobs, so that they go on whatever becomes of the page, and followed for as long as they are shown.

import { Refused, call, follow } from "./api.js";

let following = null;

// Order a turn; returns the id by which to follow it. A line that is cut may take the answer with it, and the browser
// may have sent the order again: then the session knows the turn.
export async function order(asked) {
  try {
    return (await call("POST", "/api/chat/async", asked)).request_id;
  } catch (error) {
    const isRunning = error.status === 409 && error.version === undefined;
    const session = error instanceof Refused && !isRunning ? null : await call("GET", `/api/sessions/${asked.session_id}`);
    if (session?.turn?.message !== asked.message) throw error;
    return session.turn.request_id;
  }
}

// Show a turn until it is over. False if it was left before: it goes on, and can be taken up again.
export async function attend(requestId, turn, hear) {
  leave();
  const own = (following = new AbortController());
  try {
    await follow(requestId, hear, (is) => turn.lost(is), own.signal);
    return true;
  } catch (error) {
    if (own.signal.aborted) return false;
    throw error;
  }
}

// Look at something else.
export function leave() {
  following?.abort();
  following = null;
}

export const cancel = (session) => call("POST", `/api/chat/${session}/cancel`);
