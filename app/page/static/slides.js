// What a slide is called: by its heading, for those who hear the page as well.

export function nameOf(slide) {
  const parsed = new DOMParser().parseFromString(slide.html, "text/html");
  const heading = parsed.querySelector("h1, h2, h3")?.textContent.trim();
  return heading ? `Slide ${slide.index + 1}: ${heading}` : `Slide ${slide.index + 1}`;
}
