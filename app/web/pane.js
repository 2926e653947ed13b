// One view of the radiograph: an SVG whose viewBox is the part that is seen, so that lines stay sharp at any scale.

import { attachGestures } from "./gestures.js";
import { drawOutlines } from "./outline.js";
import { create } from "./svg.js";

export class Pane {
  #svg = create("svg", { preserveAspectRatio: "none", tabindex: "0", role: "application" });
  // The SVG's own name says what they show.
  #turned = create("g", { "aria-hidden": "true" });
  #radiograph = create("image", { class: "radiograph", preserveAspectRatio: "none" });
  #layer = create("g", { class: "layer" });

  /** What tools draw: a cursor, a line that grows. In the image's pixels. */
  marks = create("g", { class: "marks" });

  constructor(figure, view, hand) {
    this.#svg.setAttribute("aria-describedby", "keys-hint");
    this.#svg.setAttribute("aria-roledescription", "image viewer");
    this.#turned.append(this.#radiograph, this.#layer, this.marks);
    this.#turned.id = `${figure.id}-picture`;
    this.#svg.append(this.#turned);
    this.#svg.classList.add("view");
    figure.prepend(this.#svg);
    attachGestures(this.#svg, view, hand);
    view.addEventListener("change", () => this.#svg.setAttribute("viewBox", view.box.join(" ")));
  }

  get element() {
    return this.#svg;
  }

  setLabel(label) {
    this.#svg.setAttribute("aria-label", label);
  }

  /** Turns all that is shown by a matrix. */
  setMatrix({ a, b, c, d, e, f }) {
    this.#turned.setAttribute("transform", `matrix(${[a, b, c, d, e, f].join(" ")})`);
  }

  /** Shows a picture at an image's size; none if the address is null. */
  setPicture(url, { width, height }) {
    place(this.#radiograph, url, { width, height });
  }

  /** Shows the picture through an SVG filter; as it is if null. */
  setFilter(filter) {
    if (filter === null) {
      this.#radiograph.removeAttribute("filter");
    } else {
      this.#radiograph.setAttribute("filter", filter);
    }
  }

  /** Draws the lungs' outlines over the picture. */
  setShapes(shapes) {
    drawOutlines(this.#layer, shapes);
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
