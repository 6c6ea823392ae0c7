// The editor of one slide: its HTML, and beside it how it looks.

import { part } from "./dom.js";

let save = null;
let css = "";

export function edit(slide, styles, keep) {
  save = keep;
  css = styles;
  part("editor-title").textContent = `Edit slide ${slide.index + 1}`;
  part("editor-html").value = slide.html;
  part("editor-problem").textContent = "";
  preview();
  part("editor").showModal();
}

function preview() {
  part("editor-preview").srcdoc = `<!DOCTYPE html><style>${css}</style><style>body{margin:0}</style>${part("editor-html").value}`;
}

part("editor-html").addEventListener("input", preview);
part("editor-cancel").addEventListener("click", () => part("editor").close());
part("editor-save").addEventListener("click", async () => {
  try {
    await save(part("editor-html").value);
    part("editor").close();
  } catch (error) {
    part("editor-problem").textContent = error.message;
  }
});
