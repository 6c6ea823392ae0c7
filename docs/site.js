// What the theme leaves out for those who do not use a mouse, or cannot see the page.

/** Regions that scroll can be reached by keyboard, landmarks have names of their own, corners of tables are no headers. */
function improve() {
  for (const region of document.querySelectorAll(".md-typeset__scrollwrap:not([tabindex])")) {
    region.tabIndex = 0;
  }
  document.querySelectorAll(".md-code__nav:not([aria-label])").forEach((nav) => {
    nav.setAttribute("aria-label", `Tools of code block ${nav.parentElement.id}`);
  });
  for (const corner of document.querySelectorAll("th:empty")) {
    corner.replaceWith(document.createElement("td"));
  }
}

new MutationObserver(improve).observe(document.body, { childList: true, subtree: true });
improve();
