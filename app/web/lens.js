// A magnifying glass that follows the pointer, above the finger where it is one.

import { fitCanvas } from "./film.js";

const SIDE = 190;
const FACTOR = 3;
const ABOVE_PX = 120;

export class Lens {
  #lens = document.querySelector("#lens");
  #svg = this.#lens.querySelector("svg");
  #film = this.#lens.querySelector(".film");
  #heat = this.#lens.querySelector(".heat");
  #desk;
  #at = null;
  #above = 0;

  /**
   * `desk.scale`: screen pixels for each image pixel; `desk.seen(point)`: where on the turned image a point of the stage is;
   * `desk.paint(canvas, box)`, `desk.paintHeat(canvas, box)`: paint a part of the turned image, and of the map of probabilities.
   */
  constructor(desk) {
    this.#desk = desk;
  }

  hover(_, at) {
    this.#place(at, 0);
  }

  begin(_, at) {
    this.#place(at, ABOVE_PX);
  }

  move(_, at) {
    this.#place(at, ABOVE_PX);
  }

  end() {
    this.leave();
  }

  cancel() {
    this.leave();
  }

  leave() {
    this.#lens.hidden = true;
  }

  /** Shows what has changed below it. */
  repaint() {
    if (!this.#lens.hidden) {
      this.#place(this.#at, this.#above);
    }
  }

  press(key) {
    const [right, down] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key] ?? [0, 0];
    if (right || down) {
      const at = this.#at ?? this.#desk.stageMiddle;
      this.#place({ x: at.x + 20 * right, y: at.y + 20 * down }, 0);
    }
    return Boolean(right || down);
  }

  #place(at, above) {
    this.#at = at;
    this.#above = above;
    const { x, y } = this.#desk.seen(at);
    const side = SIDE / this.#desk.scale / FACTOR;
    const box = [x - side / 2, y - side / 2, side, side];
    this.#svg.setAttribute("viewBox", box.join(" "));
    for (const canvas of [this.#film, this.#heat]) {
      fitCanvas(canvas, SIDE, SIDE);
    }
    this.#desk.paint(this.#film, box);
    this.#desk.paintHeat(this.#heat, box);
    this.#lens.style.left = `${at.x - SIDE / 2}px`;
    this.#lens.style.top = `${Math.max(at.y - above, 0) - SIDE / 2}px`;
    this.#lens.hidden = false;
  }
}
