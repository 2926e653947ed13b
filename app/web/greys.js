// How the picture's 256 greys are shown: window, gamma and inversion, as a table for an SVG filter.

import { number, t } from "./language.js";

const FULL = { width: 255, level: 127.5 };
const STEP = 5;

export const PRESETS = {
  full: FULL,
  lungs: { width: 130, level: 75 },
  mediastinum: { width: 130, level: 180 },
  bones: { width: 180, level: 150 },
};

/** The greys that are shown. As a tool: dragging to the side changes the window's width, up and down its level. */
export class Greys {
  #from = null;
  #onChange;

  constructor({ onChange }) {
    this.#onChange = onChange;
    this.#take(FULL);
    this.gamma = 1;
    this.inverted = false;
  }

  get isPlain() {
    return this.width === FULL.width && this.level === FULL.level && this.gamma === 1 && !this.inverted;
  }

  /** All of it, for `take`. */
  get values() {
    const { width, level, gamma, inverted } = this;
    return { width, level, gamma, inverted };
  }

  take({ gamma, inverted, ...window }) {
    this.gamma = gamma;
    this.inverted = inverted;
    this.#take(window);
    this.#onChange();
  }

  reset() {
    this.gamma = 1;
    this.inverted = false;
    this.#take(FULL);
    this.#onChange();
  }

  preset(name) {
    this.#take(PRESETS[name]);
    this.#onChange();
  }

  setGamma(gamma) {
    this.gamma = gamma;
    this.#onChange();
  }

  invert() {
    this.inverted = !this.inverted;
    this.#onChange();
  }

  /** Of each of the 256 greys, what it is shown as, 0 to 1. */
  get table() {
    return Array.from({ length: 256 }, (_, grey) => {
      const share = Math.min(1, Math.max(0, (grey - this.level) / this.width + 0.5)) ** (1 / this.gamma);
      return (this.inverted ? 1 - share : share).toFixed(4);
    });
  }

  /** In words for the image's corner; empty if nothing was changed. */
  get words() {
    const words = [];
    if (this.width !== FULL.width || this.level !== FULL.level) {
      words.push(t("Window {width}, level {level}", { width: Math.round(this.width), level: Math.round(this.level) }));
    }
    if (this.gamma !== 1) {
      words.push(t("gamma {gamma}", { gamma: number(this.gamma, 1) }));
    }
    if (this.inverted) {
      words.push(t("inverted"));
    }
    return words.join(", ");
  }

  begin(_, at) {
    this.#from = { ...at, width: this.width, level: this.level };
  }

  move(_, { x, y }) {
    const { width, level } = this.#from;
    this.#set(width + (x - this.#from.x) / 2, level + (y - this.#from.y) / 2);
  }

  end() {}

  cancel() {}

  press(key) {
    const step = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[key];
    if (step) {
      this.#set(this.width + step[0], this.level + step[1]);
    }
    return Boolean(step);
  }

  #take({ width, level }) {
    this.width = width;
    this.level = level;
  }

  #set(width, level) {
    this.width = Math.min(510, Math.max(1, width));
    this.level = Math.min(255, Math.max(0, level));
    this.#onChange();
  }
}
