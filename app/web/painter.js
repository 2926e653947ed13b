// What is painted below the outlines: the radiograph on both panes, and the map of probabilities on the marked one.

import { Film } from "./film.js";
import { heatMap } from "./heat.js";
import { lineOf } from "./problems.js";

const find = (selector) => document.querySelector(selector);

export class Painter {
  #film = new Film((blob) => createImageBitmap(blob));
  #heat = new Film((study) => this.#askForHeat(study));
  #view;
  #panes;
  #orientation;
  #onProblem;
  #onHeat;
  #onPaint;
  #size = null;
  #waiting = false;

  /** Whether the map of probabilities is wanted. */
  showsHeat = false;

  /** `onHeat()` is called when a map has come, `onPaint()` when the panes were painted. */
  constructor({ view, plain, marked, orientation, onProblem, onHeat, onPaint }) {
    this.#view = view;
    this.#panes = { plain, marked };
    this.#orientation = orientation;
    this.#onProblem = onProblem;
    this.#onHeat = onHeat;
    this.#onPaint = onPaint;
    for (const changing of [view, this.#film, this.#heat]) {
      changing.addEventListener("change", () => this.#repaint());
    }
  }

  /** Shows a study at an image's size; nothing where the size is null. */
  show(study, size) {
    this.#size = size;
    this.#film.show(study, size && (study.picture?.blob ?? null));
    this.#heat.show(study, this.showsHeat && study?.state === "done" ? study : null);
  }

  /** Paints a part of the turned radiograph, a box (x, y, width, height), on a canvas. */
  paint(canvas, box) {
    this.#film.paint(canvas, this.#placed(box));
  }

  /** The same of the map of probabilities. */
  paintHeat(canvas, box) {
    this.#heat.paint(canvas, this.#placed(box));
  }

  /** Once for each picture on the screen. */
  #repaint() {
    if (!this.#film.isThere) {
      find("#panes").setAttribute("aria-busy", "true");
    }
    if (!this.#waiting) {
      this.#waiting = true;
      requestAnimationFrame(() => {
        this.#waiting = false;
        if (this.#size !== null) {
          this.#paintPanes();
        }
      });
    }
  }

  #paintPanes() {
    const { plain, marked } = this.#panes;
    for (const pane of [plain, marked]) {
      pane.paint((canvas) => this.paint(canvas, this.#view.box));
    }
    marked.paintHeat((canvas) => this.paintHeat(canvas, this.#view.box));
    find("#legend-heat").hidden = !this.#heat.isThere;
    find("#panes").setAttribute("aria-busy", String(!this.#film.isThere));
    this.#onPaint();
  }

  async #askForHeat(study) {
    this.#onProblem("");
    try {
      const map = await heatMap(study);
      this.#onHeat();
      return map;
    } catch (problem) {
      this.#onProblem(lineOf(problem));
      return null;
    }
  }

  #placed(box) {
    return { size: this.#size, matrix: this.#orientation.matrixOf(this.#size), box };
  }
}
