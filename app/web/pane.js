// One view of the radiograph: a canvas, and above it an SVG whose viewBox is the part that is seen, so that lines stay sharp at any scale.

import { fitCanvas } from "./film.js";
import { attachGestures } from "./gestures.js";
import { drawOutlines } from "./outline.js";
import { create } from "./svg.js";

export class Pane {
  #canvas = canvasOf("radiograph");
  #heat = canvasOf("heat");
  #svg = create("svg", { tabindex: "0", role: "application" });
  // The SVG's own name says what they show.
  #turned = create("g", { "aria-hidden": "true" });
  #layer = create("g", { class: "layer" });

  /** What tools draw: a cursor, a line that grows. In the image's pixels. */
  marks = create("g", { class: "marks" });

  constructor(figure, view, hand) {
    this.#svg.setAttribute("aria-describedby", "keys-hint");
    this.#svg.setAttribute("aria-roledescription", "image viewer");
    this.#turned.append(this.#layer, this.marks);
    this.#turned.id = `${figure.id}-picture`;
    this.#svg.append(this.#turned);
    this.#svg.classList.add("view");
    figure.prepend(this.#canvas, this.#heat, this.#svg);
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

  /** Paints the picture by a function of the canvas, where this view is seen. */
  paint(draw) {
    paintOn(this.#canvas, draw);
  }

  /** The same for the map of probabilities above it. */
  paintHeat(draw) {
    paintOn(this.#heat, draw);
  }

  /** Draws the lungs' outlines over the picture. */
  setShapes(shapes) {
    drawOutlines(this.#layer, shapes);
  }

  /** Lays another picture of the image's size over it. */
  setOverlay(url, size) {
    const { width, height } = size;
    this.#layer.replaceChildren(create("image", { class: "disagreement", preserveAspectRatio: "none", href: url, width, height }));
  }

  clear() {
    this.#layer.replaceChildren();
  }
}

function canvasOf(name) {
  const canvas = document.createElement("canvas");
  canvas.className = name;
  return canvas;
}

function paintOn(canvas, draw) {
  const { clientWidth: width, clientHeight: height } = canvas;
  if (width && height) {
    fitCanvas(canvas, width, height);
    draw(canvas);
  }
}
