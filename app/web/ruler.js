// A ruler: a line between two points of the image, and its length with the plane where it holds.

import { t } from "./language.js";
import { create } from "./svg.js";
import { distance } from "./words.js";

export class Ruler {
  #line = null;
  #from = null;
  #to = null;
  #desk;

  /** `desk.marks`: where to draw; `desk.image`: the document's; `desk.middle`: of the stage; `desk.say(text)`: shows the length. */
  constructor(desk) {
    this.#desk = desk;
  }

  begin(point) {
    this.#from = point;
    this.move(point);
  }

  move(point) {
    this.#to = point;
    if (!this.#line?.isConnected) {
      this.#line = create("line", { class: "ruler" });
      this.#desk.marks.append(this.#line);
    }
    const { x: x1, y: y1 } = this.#from;
    for (const [name, value] of Object.entries({ x1, y1, x2: point.x, y2: point.y })) {
      this.#line.setAttribute(name, value);
    }
    this.#desk.say(t("Ruler: {length}", { length: lengthOf(this.#from, point, this.#desk.image) }));
  }

  end() {}

  cancel() {
    this.leave();
  }

  leave() {
    this.#line?.remove();
    this.#line = null;
    this.#from = null;
    this.#desk.say("");
  }

  /** Enter sets the ruler's begin where its end is; arrows move the end. */
  press(key) {
    const [right, down] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key] ?? [0, 0];
    if (!right && !down && key !== "Enter") {
      return false;
    }
    const at = this.#line?.isConnected ? this.#to : this.#desk.middle;
    if (this.#from === null || key === "Enter") {
      this.begin(at);
    }
    const step = Math.max(1, this.#desk.image.width / 100);
    this.move({ x: at.x + right * step, y: at.y + down * step });
    return true;
  }
}

/** A length in mm with its plane, or in pixels. */
function lengthOf(from, to, image) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const spacing = image.spacing_mm;
  const millimetres = spacing ? Math.hypot(dx * spacing[1], dy * spacing[0]) : null;
  return distance(Math.hypot(dx, dy), millimetres, image);
}
