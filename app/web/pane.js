// One view of the radiograph: an SVG whose viewBox is the part that is seen, so that lines stay sharp at any scale.

import { attachGestures } from "./gestures.js";
import { drawOutlines } from "./outline.js";

const SVG = "http://www.w3.org/2000/svg";

export class Pane {
  #svg = create("svg", { preserveAspectRatio: "none", tabindex: "0", role: "application" });
  // The SVG's own name says what they show.
  #radiograph = create("image", { preserveAspectRatio: "none", "aria-hidden": "true" });
  #layer = create("g", { class: "layer", "aria-hidden": "true" });

  constructor(figure, view, { onKey }) {
    this.#svg.setAttribute("aria-describedby", "keys");
    this.#svg.setAttribute("aria-roledescription", "image viewer");
    this.#svg.append(this.#radiograph, this.#layer);
    figure.prepend(this.#svg);
    attachGestures(this.#svg, view, { onKey });
    view.addEventListener("change", () => this.#svg.setAttribute("viewBox", view.box.join(" ")));
  }

  get element() {
    return this.#svg;
  }

  setLabel(label) {
    this.#svg.setAttribute("aria-label", label);
  }

  /** Shows a picture at an image's size; none if the address is null. */
  setPicture(url, { width, height }) {
    place(this.#radiograph, url, { width, height });
  }

  /** Draws the lungs' outlines over the picture. */
  setOutlines(collection) {
    this.#layer.replaceChildren(...drawOutlines(collection));
  }

  /** Lays another picture of the image's size over it. */
  setOverlay(url, size) {
    const image = create("image", { class: "disagreement", preserveAspectRatio: "none" });
    place(image, url, size);
    this.#layer.replaceChildren(image);
  }

  clear() {
    this.#layer.replaceChildren();
  }
}

function place(image, url, { width, height }) {
  image.setAttribute("width", width);
  image.setAttribute("height", height);
  if (url === null) {
    image.removeAttribute("href");
  } else if (image.getAttribute("href") !== url) {
    image.setAttribute("href", url);
  }
}

function create(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes)) {
    element.setAttribute(attribute, value);
  }
  return element;
}
