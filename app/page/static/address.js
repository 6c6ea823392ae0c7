// The address holds the session and the slide that are open, so that a reload, a bookmark or a second device finds them.

const parameters = () => new URLSearchParams(location.hash.slice(1));

export const session = () => parameters().get("session");

// Counted from 0; null where none is named.
export function slide() {
  const named = Number.parseInt(parameters().get("slide"), 10);
  return named > 0 ? named - 1 : null;
}

export function remember(id, place = null) {
  const wanted = new URLSearchParams();
  if (id) wanted.set("session", id);
  if (id && place !== null) wanted.set("slide", place + 1);
  const hash = wanted.toString();
  history.replaceState(null, "", hash ? `#${hash}` : location.pathname);
}
