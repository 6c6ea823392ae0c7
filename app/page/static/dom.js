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
  button.append(drawing);
  button.addEventListener("click", action);
  return button;
}

export function toast(words) {
  const shown = part("toast");
  shown.textContent = words;
  shown.classList.add("shown");
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => shown.classList.remove("shown"), 5000);
}
