// Inside the frame of a slide that is edited: text can be changed where it stands, and the slide is handed over when
// the page around asks for it.

const slide = document.querySelector(".slide");

// What holds words itself, and not only other elements with words.
const holdsWords = (element) => [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
const editable = [...slide.querySelectorAll("*")].filter((element) =>
  element instanceof HTMLElement && !["SCRIPT", "STYLE"].includes(element.tagName) && holdsWords(element));
for (const element of editable) {
  element.contentEditable = "plaintext-only";
  element.spellcheck = true;
}
editable[0]?.focus();

function handOver() {
  for (const element of editable) {
    element.removeAttribute("contenteditable");
    element.removeAttribute("spellcheck");
  }
  parent.postMessage({ slide: slide.outerHTML }, "*");
  for (const element of editable) element.contentEditable = "plaintext-only";
}

addEventListener("message", (event) => {
  if (event.source === parent && event.data === "hand over") handOver();
});
