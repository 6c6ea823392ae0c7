// Slides are 1280 pixels wide; their frames are shown as wide as there is room.

const WIDTH = 1280;
const scaling = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) target.style.setProperty("--scale", contentRect.width / WIDTH);
});

export function scaled(frame) {
  const window_ = document.createElement("div");
  window_.className = "frame";
  window_.append(frame);
  watch(window_);
  return window_;
}

export const watch = (element) => scaling.observe(element);
