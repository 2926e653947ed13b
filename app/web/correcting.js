// The desk at which a mask is corrected: its buttons, its keys, and what the drawing tools draw with.

import { Brush, Lasso, Nudge, Reassign } from "./brush.js";
import { isOpen, openDrawer } from "./drawers.js";
import { isTyping } from "./help.js";
import { fillHoles, reassign, smooth, swap } from "./morphology.js";

const find = (selector) => document.querySelector(selector);

const TOOLS = ["brush", "eraser", "lasso", "cut", "nudge", "reassign"];
const WHOLE = { smooth, "fill-holes": fillHoles, swap, clear: (labels) => labels.data.fill(0) };
const SIZE_STEP = 1.25;

export class Correcting {
  #study = null;
  #viewer;
  #toolbox;
  #onChange;
  #waiting = false;

  constructor({ viewer, toolbox, onChange }) {
    this.#viewer = viewer;
    this.#toolbox = toolbox;
    this.#onChange = onChange;
    toolbox.add("brush", new Brush(this, { erases: false }));
    toolbox.add("eraser", new Brush(this, { erases: true }));
    toolbox.add("lasso", new Lasso(this, { erases: false }));
    toolbox.add("cut", new Lasso(this, { erases: true }));
    toolbox.add("nudge", new Nudge(this));
    toolbox.add("reassign", new Reassign(this));
    toolbox.addEventListener("change", () => this.#toolChanged());
    this.#attach();
  }

  show(study) {
    if (study !== this.#study) {
      this.#study?.correction?.rest();
      this.#study = study;
    }
    const ready = study?.state === "done";
    find("#correct").disabled = find("#drawing-tools").disabled = !ready;
    if (!ready) {
      this.#open(false);
    }
    const correction = study?.correction ?? null;
    find("#undo").disabled = !correction?.canUndo;
    find("#redo").disabled = !correction?.canRedo;
    find("#original").disabled = !correction?.changed;
    find("#original").setAttribute("aria-pressed", String(Boolean(study?.showsOriginal)));
    this.#showSize();
  }

  get marks() {
    return this.#viewer.marks;
  }

  get radius() {
    const { width, height } = this.#study.answer.image;
    return (Number(find("#brush-size").value) / 1000) * Math.min(width, height) / 2;
  }

  get middle() {
    return this.#viewer.middle;
  }

  clamp({ x, y }) {
    const { width, height } = this.#study.answer.image;
    return { x: Math.min(width, Math.max(0, x)), y: Math.min(height, Math.max(0, y)) };
  }

  labels() {
    return this.#study.correct().labels;
  }

  /** The lung that was chosen; else the one under the point, the nearest one, or the one of the image's half. */
  labelAt(point) {
    const chosen = Number(find("input[name=side]:checked").value);
    if (chosen) {
      return chosen;
    }
    const labels = this.labels();
    return labels.at(point.x, point.y) || nearest(this.#study.lungs, point) || (point.x < labels.width / 2 ? 1 : 2);
  }

  /** Shows what is being drawn, once for each picture on the screen. */
  draft() {
    if (!this.#waiting) {
      this.#waiting = true;
      requestAnimationFrame(() => {
        this.#waiting = false;
        if (this.#study?.correction) {
          this.#viewer.drawShapes(this.#study.draft);
        }
      });
    }
  }

  commit(options) {
    this.#study.correction.commit(options);
    this.#onChange();
  }

  revert() {
    this.#study.correction?.revert();
    this.#onChange();
  }

  reassign(point) {
    const labels = this.labels();
    if (labels.at(point.x, point.y)) {
      reassign(labels, point);
      this.commit();
    }
  }

  /** Keys of the radiograph; whether one was meant. */
  press(key) {
    if (this.#study?.state !== "done") {
      return false;
    }
    if (key === "[" || key === "]") {
      this.#resize(key === "]" ? SIZE_STEP : 1 / SIZE_STEP);
      return true;
    }
    return false;
  }

  #attach() {
    find("#correct").addEventListener("click", () => {
      const opens = !isOpen("#correct");
      this.#open(opens);
      if (opens) {
        this.#toolbox.choose("brush");
      }
    });
    for (const [id, change] of Object.entries(WHOLE)) {
      find(`#${id}`).addEventListener("click", () => {
        change(this.labels());
        this.commit({ manual: id === "clear" });
      });
    }
    find("#undo").addEventListener("click", () => this.#step("undo"));
    find("#redo").addEventListener("click", () => this.#step("redo"));
    find("#original").addEventListener("click", () => {
      this.#study.showsOriginal = !this.#study.showsOriginal;
      this.#onChange();
    });
    find("#brush-size").addEventListener("input", () => this.#showSize());
    document.addEventListener("keydown", (event) => {
      const key = event.key.toLowerCase();
      if (!(event.ctrlKey || event.metaKey) || event.altKey || isTyping(event) || !["y", "z"].includes(key)) {
        return;
      }
      event.preventDefault();
      this.#step(key === "y" || event.shiftKey ? "redo" : "undo");
    });
  }

  #step(way) {
    if (this.#study?.correction) {
      this.#study.correction[way]();
      this.#study.showsOriginal = false;
      this.#onChange();
    }
  }

  #toolChanged() {
    if (TOOLS.includes(this.#toolbox.name)) {
      this.#open(true);
    }
  }

  #open(opens) {
    if (opens !== isOpen("#correct")) {
      openDrawer(opens ? "#correct" : null);
    }
  }

  #resize(factor) {
    const slider = find("#brush-size");
    const value = Number(slider.value);
    slider.value = String(factor > 1 ? Math.max(value + 1, value * factor) : Math.min(value - 1, value * factor));
    this.#showSize();
  }

  #showSize() {
    if (this.#study?.state === "done") {
      find("#brush-size-shown").textContent = `${Math.max(1, Math.round(2 * this.radius))} px`;
      this.#toolbox.tool?.resized?.();
    }
  }
}

/** The label of the lung whose box is nearest; 0 where there is none. */
function nearest({ right, left }, { x, y }) {
  const distances = [right, left].map((lung) => {
    if (lung === null) {
      return Infinity;
    }
    const [boxX, boxY, width, height] = lung.box;
    return Math.hypot(x - Math.min(Math.max(x, boxX), boxX + width), y - Math.min(Math.max(y, boxY), boxY + height));
  });
  if (Math.min(...distances) === Infinity) {
    return 0;
  }
  return distances[0] <= distances[1] ? 1 : 2;
}
