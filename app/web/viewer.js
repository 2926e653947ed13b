// The radiograph alone and with what was found in it, and the tools that show it.

import { t } from "./language.js";
import { Orientation } from "./orientation.js";
import { Painter } from "./painter.js";
import { Pane } from "./pane.js";
import { View } from "./view.js";
import { attachZoom } from "./zoom.js";

const find = (selector) => document.querySelector(selector);

export class Viewer {
  #view = new View();
  #painter;
  #panes = find("#panes");
  #plain;
  #marked;
  #study = null;
  #drawn = {};
  #layer = "outlines";
  #takesFocus = false;

  /** How the image is turned. */
  orientation = new Orientation();

  #toolbox;

  constructor({ toolbox, onRetry, onProblem, onHeat }) {
    this.#toolbox = toolbox;
    this.#plain = new Pane(find("#plain"), this.#view, this);
    this.#marked = new Pane(find("#marked"), this.#view, this);
    toolbox.addEventListener("change", () => this.#showTool());
    new ResizeObserver(([entry]) => {
      this.#view.setStage(entry.contentRect.width, entry.contentRect.height);
    }).observe(this.#marked.element);
    const { orientation } = this;
    const onPaint = () => this.tool?.repaint?.();
    const panes = { plain: this.#plain, marked: this.#marked };
    this.#painter = new Painter({ view: this.#view, ...panes, orientation, onProblem, onHeat, onPaint });
    attachZoom(this.#view);
    this.#attachTools();
    find("#retry").addEventListener("click", () => onRetry(this.#study));
  }

  /** The part that is seen; null while there is no image. */
  get view() {
    return this.#panes.hidden ? null : this.#view;
  }

  /** Gives the radiograph the focus. */
  focus() {
    if (!this.#panes.contains(document.activeElement)) {
      this.#marked.element.focus();
    }
  }

  /** The tool that is held; null while there is nothing to use it on. */
  get tool() {
    return this.#study?.answer ? this.#toolbox.tool : null;
  }

  /** Where tools draw. */
  get marks() {
    return this.#marked.marks;
  }

  /** The point of the image that a point of the stage shows. */
  locate(point) {
    const { x, y } = this.orientation.matrixOf(sizeOf(this.#study)).inverse().transformPoint(this.seen(point));
    return { x, y };
  }

  /** The point of the turned image that a point of the stage shows. */
  seen(point) {
    return this.#view.locate(point);
  }

  get scale() {
    return this.#view.scale;
  }

  get stageMiddle() {
    const { width, height } = this.#marked.element.getBoundingClientRect();
    return { x: width / 2, y: height / 2 };
  }

  /** The point of the image in the stage's middle. */
  get middle() {
    return this.locate(this.stageMiddle);
  }

  /** Changes the orientation by a function of it. */
  turn(change) {
    const size = this.#study && sizeOf(this.#study);
    if (size !== null) {
      change(this.orientation);
      this.#place(size);
    }
  }

  /** How the image lies: its turns and the part that is seen. */
  get place() {
    const { quarters, mirrored } = this.orientation;
    return { quarters, mirrored, part: this.#view.part };
  }

  set place({ quarters, mirrored, part }) {
    this.turn((orientation) => Object.assign(orientation, { quarters, mirrored }));
    this.#view.part = part;
  }

  /** Shows boxes (x, y, width, height) of the image as large as the stage allows. */
  fitBoxes(boxes) {
    const matrix = this.orientation.matrixOf(sizeOf(this.#study));
    const corners = boxes.flatMap(([x, y, width, height]) => [
      matrix.transformPoint({ x, y }),
      matrix.transformPoint({ x: x + width, y: y + height }),
    ]);
    const [xs, ys] = [corners.map(({ x }) => x), corners.map(({ y }) => y)];
    this.#view.fitBox(Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys));
  }

  /** Paints a part of the turned image, a box (x, y, width, height), on a canvas. */
  paint(canvas, box) {
    this.#painter.paint(canvas, box);
  }

  /** The same of the probability map. */
  paintHeat(canvas, box) {
    this.#painter.paintHeat(canvas, box);
  }

  /** Shows the probability map, or takes it off. */
  showHeat(shown) {
    this.#painter.showsHeat = shown;
    this.show(this.#study);
  }

  /** Draws outlines that are not the study's yet: what disagreed before them does not matter. */
  drawShapes(shapes) {
    if (this.#layer !== "outlines") {
      this.showLayer("outlines");
    }
    this.#marked.setShapes(shapes);
    this.#drawn.shapes = null;
  }

  /** Shows a study, or the invitation if it is null. */
  show(study) {
    const other = study !== this.#study;
    this.#study = study;
    if (other) {
      this.orientation.reset();
      this.#drawn = {};
    }
    const size = study === null || study.state === "failed" ? null : sizeOf(study);
    // Whoever opened an image from the invitation by keys goes on at the image, not at the page's beginning.
    this.#takesFocus ||= study !== null && find("#invitation").contains(document.activeElement);
    this.#panes.hidden = size === null;
    find("#tools").hidden = size === null;
    this.#painter.show(study, size);
    if (size !== null) {
      if (other) {
        this.#chooseLayer("outlines");
      }
      this.#setSize(size);
      this.#draw(study, size);
      if (this.#takesFocus) {
        this.#takesFocus = false;
        this.#marked.element.focus();
      }
    }
  }

  #setSize(size) {
    const key = `${size.width} ${size.height}`;
    if (this.#drawn.size !== key) {
      this.#place(size);
      this.#drawn = { size: key };
    }
  }

  #place(size) {
    const shown = this.orientation.sizeOf(size);
    this.#view.setImage(shown.width, shown.height);
    for (const pane of [this.#plain, this.#marked]) {
      pane.setMatrix(this.orientation.matrixOf(size));
    }
  }

  #draw(study, size) {
    this.#plain.setLabel(t("{name}: radiograph", { name: study.name }));
    // The ground truth was compared with the service's mask.
    const compared = Boolean(study.answer?.disagreement) && !study.corrected;
    find("#layers").hidden = !compared;
    const layer = compared ? this.#layer : "outlines";
    this.#panes.toggleAttribute("data-untrusted", study.answer?.quality.trusted === false && !study.corrected);
    find("#legend-outlines").hidden = study.answer === null || layer !== "outlines";
    find("#legend-disagreement").hidden = study.answer === null || layer !== "disagreement";
    find("#marked-caption").textContent = layer === "outlines" ? t("Outlines") : t("Disagreement");
    const { name } = study;
    const shown = t("{name}: radiograph with the lungs’ outlines", { name });
    this.#marked.setLabel(layer === "outlines" ? shown : t("{name}: radiograph with disagreement map", { name }));
    const shapes = study.answer === null ? null : study.shapes;
    if (this.#drawn.answer === study.answer && this.#drawn.shapes === shapes && this.#drawn.layer === layer) {
      return;
    }
    this.#drawn = { ...this.#drawn, answer: study.answer, shapes, layer };
    if (study.answer === null) {
      this.#marked.clear();
    } else if (layer === "disagreement") {
      this.#marked.setOverlay(`data:image/png;base64,${study.answer.disagreement.data}`, size);
    } else {
      this.#marked.setShapes(shapes);
    }
  }

  #attachTools() {
    for (const input of document.querySelectorAll("input[name=layout]")) {
      input.addEventListener("change", () => {
        this.#panes.dataset.layout = input.value;
      });
    }
    for (const input of document.querySelectorAll("input[name=layer]")) {
      input.addEventListener("change", () => this.showLayer(input.value));
    }
  }

  /** Draws "outlines" or "disagreement". */
  showLayer(layer) {
    this.#chooseLayer(layer);
    this.show(this.#study);
  }

  #chooseLayer(layer) {
    this.#layer = layer;
    find(`input[name=layer][value=${layer}]`).checked = true;
  }

  #showTool() {
    this.#panes.dataset.tool = this.#toolbox.name;
  }
}

/** The image's size: the service's word, or the picture's until it comes; null before either. */
function sizeOf(study) {
  return study.answer?.image ?? study.picture;
}
