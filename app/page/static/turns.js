// Turns: ordered as jobs, so that they go on whatever becomes of the page, and followed for as long as they are shown.

import { call, follow } from "./api.js";

let following = null;

// Order a turn; the answer says by which id to follow it.
export function order(asked) {
  return call("POST", "/api/chat/async", asked);
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
