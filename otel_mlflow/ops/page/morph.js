// Changing what is shown into what is to be shown, in place: focus, selection and scrolling survive a refresh.

export function morph(place, children) {
  const old = [...place.childNodes];
  children.forEach((child, position) => {
    if (position >= old.length) place.append(child);
    else become(old[position], child);
  });
  for (const left of old.slice(children.length)) left.remove();
}

function become(old, made) {
  if (old.nodeType !== made.nodeType || old.nodeName !== made.nodeName || old.dataset?.chart !== made.dataset?.chart) {
    old.replaceWith(made);
  } else if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== made.data) old.data = made.data;
  } else if (made.redraw) {
    takeAttributes(old, made);
    made.redraw(old);
  } else {
    takeAttributes(old, made);
    morph(old, [...made.childNodes]);
  }
}

function takeAttributes(old, made) {
  for (const { name } of [...old.attributes]) if (!made.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  for (const { name, value } of made.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
}
