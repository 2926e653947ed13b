// A mask that a person corrects: its labels, what was done to them, and what is measured on them.

import { LABELS, Labels } from "./labels.js";
import { ringPath } from "./outline.js";
import { trace } from "./trace.js";

/** So many steps come back after a reload. */
const STEPS_KEPT = 30;

export class Correction {
  #image;
  #labels = null;
  #states;
  #index = 0;
  #measured = null;

  /** Begins with the outlines that the service found. */
  constructor(outlines, image) {
    this.#image = image;
    this.#labels = Labels.fromOutlines(outlines, image);
    this.#states = [{ runs: this.#labels.pack(), manual: false }];
  }

  /** The correction of which `kept` was kept. */
  static restored(outlines, image, { states, index }) {
    const correction = new Correction(outlines, image);
    correction.#states.push(...states.map(({ runs, manual }) => ({ runs: Uint32Array.from(runs), manual })));
    correction.#index = index;
    correction.revert();
    return correction;
  }

  /** The last states besides the first, for JSON, and which of all is looked at. */
  get kept() {
    const first = Math.max(1, Math.min(this.#index, this.#states.length - STEPS_KEPT));
    const states = this.#states.slice(first, first + STEPS_KEPT);
    return {
      states: states.map(({ runs, manual }) => ({ runs: [...runs], manual })),
      index: this.#index && this.#index - first + 1,
    };
  }

  /** The state that is looked at: another one after each step. */
  get step() {
    return this.#states[this.#index];
  }

  /** The labels, to be drawn on; `commit` keeps what was drawn, `revert` does not. */
  get labels() {
    this.#labels ??= Labels.unpack(this.#states[this.#index].runs, this.#image);
    return this.#labels;
  }

  get canUndo() {
    return this.#index > 0;
  }

  get canRedo() {
    return this.#index < this.#states.length - 1;
  }

  /** Who made the mask, in DICOM's words: a person alone once the network's mask was cleared. */
  get author() {
    return this.#states[this.#index].manual ? "manual" : "semiautomatic";
  }

  /** Whether the mask differs from the service's. */
  get changed() {
    const [first, now] = [this.#states[0].runs, this.#states[this.#index].runs];
    return first.length !== now.length || first.some((run, i) => run !== now[i]);
  }

  commit({ manual = false } = {}) {
    const state = { runs: this.labels.pack(), manual: manual || this.#states[this.#index].manual };
    this.#states.splice(this.#index + 1, Infinity, state);
    this.#index += 1;
    this.#measured = null;
  }

  /** Drops what was drawn since the last `commit`. */
  revert() {
    this.#labels = null;
    this.#measured = null;
  }

  undo() {
    this.#goTo(this.#index - 1);
  }

  redo() {
    this.#goTo(this.#index + 1);
  }

  /** Lets the labels' memory go: they are unpacked when they are asked for. */
  rest() {
    this.#labels = null;
  }

  /** Right and left as in the service's document, and the outlines' SVG paths. */
  get measured() {
    this.#measured ??= measure(this.labels, this.#image);
    return this.#measured;
  }

  /** The outlines of what is being drawn. */
  draft() {
    return measure(this.labels, this.#image).shapes;
  }

  #goTo(index) {
    if (index >= 0 && index < this.#states.length) {
      this.#index = index;
      this.revert();
    }
  }
}

function measure(labels, { spacing_mm: spacing }) {
  const lungs = {};
  const shapes = [];
  for (const [side, label] of Object.entries(LABELS)) {
    const lung = labels.measure(label);
    lungs[side] = lung && { ...lung, area_mm2: spacing ? lung.area_px * spacing[0] * spacing[1] : null };
    if (lung) {
      shapes.push({ lung: side, d: trace(labels, label, lung.box).map(ringPath).join("") });
    }
  }
  return { lungs, shapes };
}
