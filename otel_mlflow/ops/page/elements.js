// Elements, made without markup: what requests said is only ever text here.

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function panel(title, ...children) {
  return element("section", { class: "panel" }, element("h2", {}, title), ...children);
}

export function wide(section) {
  section.classList.add("wide");
  return section;
}

// Columns: [heading, row => text or element, "number"?, row => class?]
export function table(columns, rows, whenEmpty) {
  if (!rows.length) return element("p", { class: "faint" }, whenEmpty);
  const heads = columns.map(([heading, , kind]) => element("th", { class: kind, scope: "col" }, heading));
  const lines = rows.map((row) => element("tr", {}, ...columns.map((column) => cell(column, row))));
  return element(
    "div",
    { class: "scroll", tabindex: 0 },
    element("table", {}, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...lines)),
  );
}

function cell([, content, kind, look], row) {
  const shown = content(row) ?? "–";
  const classes = [kind, look && look(row)].filter(Boolean).join(" ");
  return element("td", { class: classes || null, title: typeof shown === "string" ? shown : null }, shown);
}
