// The editor of one slide: its texts where they stand, or its HTML.

import { explain, part } from "./dom.js";
import { watch } from "./scale.js";

let save = null;
let isSource = false;
const HANDOVER = 5000;

watch(part("editor-stage"));

export function edit(slide, frame, keep) {
  save = keep;
  part("editor-title").textContent = `Edit slide ${slide.index + 1}`;
  part("editor-html").value = slide.html;
  part("editor-frame").src = frame;
  part("editor-problem").textContent = "";
  part("editor-words").disabled = false;
  choose(false);
  part("editor").showModal();
}

function choose(source) {
  isSource = source;
  part("editor-code").hidden = !source;
  part("editor-stage").hidden = source;
  part("editor-hint").hidden = source;
  part("editor-words").setAttribute("aria-pressed", String(!source));
  part("editor-source").setAttribute("aria-pressed", String(source));
}

// Ask the frame for the slide as it is now. It has no origin of ours: it answers with a message.
function handedOver() {
  const frame = part("editor-frame").contentWindow;
  return new Promise((take, reject) => {
    const timer = setTimeout(() => reject(new Error("The slide does not answer. Edit its HTML instead.")), HANDOVER);
    addEventListener("message", function listen(event) {
      if (event.source !== frame || typeof event.data?.slide !== "string") return;
      clearTimeout(timer);
      removeEventListener("message", listen);
      take(event.data.slide);
    });
    frame.postMessage("hand over", "*");
  });
}

async function keep() {
  try {
    await save(isSource ? part("editor-html").value : await handedOver());
    part("editor").close();
  } catch (error) {
    part("editor-problem").textContent = explain(error);
  }
}

part("editor-source").addEventListener("click", async () => {
  if (!isSource) part("editor-html").value = await handedOver().catch(() => part("editor-html").value);
  choose(true);
});
part("editor-words").addEventListener("click", () => choose(false));
// What was changed in the HTML is not on the slide in the frame: there is no way back to it.
part("editor-html").addEventListener("input", () => { part("editor-words").disabled = true; });
part("editor-cancel").addEventListener("click", () => part("editor").close());
part("editor-save").addEventListener("click", keep);
