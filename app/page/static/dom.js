// Small helpers to make and find elements. Text is always set as text.

export const part = (id) => document.getElementById(id);

export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("aria-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter(Boolean));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

// A button that shows a drawing from icons.svg and says in words what it does.
export function iconButton(className, icon, label, action) {
  const button = make("button", { type: "button", className, title: label, "aria-label": label });
  const drawing = document.createElementNS(SVG, "svg");
  drawing.append(document.createElementNS(SVG, "use"));
  drawing.firstChild.setAttribute("href", `/page/icons.svg#${icon}`);
  drawing.setAttribute("class", "drawing");
  drawing.setAttribute("aria-hidden", "true");
  button.append(drawing);
  button.addEventListener("click", action);
  return button;
}

const SHOWN = 8000;

// A word at the edge of the page; `action`, if there is one, is { words, act } and goes away with it.
export function toast(words, action = null) {
  const shown = part("toast");
  part("toast-words").textContent = words;
  part("toast-action").hidden = !action;
  part("toast-action").textContent = action?.words ?? "";
  part("toast-action").onclick = () => {
    shown.classList.remove("shown");
    action.act();
  };
  shown.classList.add("shown");
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => shown.classList.remove("shown"), SHOWN);
}

// An error in words, with the id by which it can be found.
export const explain = (error) => (error.requestId ? `${error.message} (request ${error.requestId})` : error.message);
