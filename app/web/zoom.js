// The buttons that zoom, and the scale in percent.

import { zoomIn, zoomOut } from "./gestures.js";

const find = (selector) => document.querySelector(selector);

export function attachZoom(view) {
  find("#zoom-in").addEventListener("click", () => zoomIn(view));
  find("#zoom-out").addEventListener("click", () => zoomOut(view));
  find("#zoom-fit").addEventListener("click", () => view.fit());
  find("#zoom-actual").addEventListener("click", () => view.showActualSize());
  view.addEventListener("change", () => {
    find("#zoom").textContent = `${Math.round(view.scale * globalThis.devicePixelRatio * 100)} %`;
    find("#panes").toggleAttribute("data-fitted", view.fitted);
  });
}
