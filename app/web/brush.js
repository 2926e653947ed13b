// Tools that draw on a label map. Each works on the draft that it is given, and says when a stroke is done.

import { fillCapsule, fillRings } from "./polygon.js";
import { create } from "./svg.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * What the tools of a correction draw with. A tool `isShort` where Enter begins its stroke and ends it.
 *
 * - `labels()`: the map to draw on; the first stroke makes it.
 * - `radius`: of the brush, in the image's pixels.
 * - `labelAt(point)`: the lung that a stroke which begins there belongs to.
 * - `draft()`, `commit()`, `revert()`: show a stroke that grows, keep it, drop it.
 * - `marks`: where cursors are drawn.
 */
class Tool {
  mark = null;
  at = null;
  #held = false;

  constructor(desk) {
    this.desk = desk;
  }

  leave() {
    if (this.#held) {
      this.#held = false;
      this.cancel();
    }
    this.mark?.remove();
    this.mark = null;
  }

  /** Keys: arrows move the tool, Enter begins a stroke and ends it, Escape drops it. Whether one was meant. */
  press(key) {
    const arrow = ARROWS[key];
    if (arrow) {
      const at = this.at ?? this.desk.middle;
      const step = Math.max(1, this.desk.radius / 2);
      this.at = this.desk.clamp({ x: at.x + arrow[0] * step, y: at.y + arrow[1] * step });
      if (this.#held) {
        this.move(this.at);
      } else {
        this.hover(this.at);
      }
    } else if (key === "Enter") {
      this.#enter();
    } else if (key === "Escape" && this.#held) {
      this.leave();
    } else {
      return false;
    }
    return true;
  }

  #enter() {
    this.at ??= this.desk.middle;
    if (!this.#held) {
      this.begin(this.at);
    }
    this.#held = !this.#held && !this.isShort;
    if (!this.#held) {
      this.end();
    }
  }

  cancel() {
    this.leave();
    this.desk.revert();
  }

  hover(point) {
    this.at = point;
    this.circle(point, this.desk.radius);
  }

  /** Shows a circle about a point. */
  circle({ x, y }, radius) {
    if (!this.mark?.isConnected) {
      this.mark = create("circle", { class: "cursor" });
      this.desk.marks.append(this.mark);
    }
    this.mark.setAttribute("cx", x);
    this.mark.setAttribute("cy", y);
    this.mark.setAttribute("r", radius);
  }
}

/** Paints with a round brush, or erases. By keys, Enter sets a dot. */
export class Brush extends Tool {
  isShort = true;
  #last = null;
  #label = 0;

  constructor(desk, { erases }) {
    super(desk);
    this.erases = erases;
  }

  resized() {
    if (this.mark !== null && this.at !== null) {
      this.circle(this.at, this.desk.radius);
    }
  }

  begin(point) {
    this.#label = this.erases ? 0 : this.desk.labelAt(point);
    this.#last = point;
    this.move(point);
  }

  move(point) {
    this.hover(point);
    fillCapsule(this.desk.labels(), this.#last, point, this.desk.radius, this.#label);
    this.#last = point;
    this.desk.draft();
  }

  end() {
    this.desk.commit();
  }
}

/** Fills what a line goes around, or empties it. */
export class Lasso extends Tool {
  #points = [];

  constructor(desk, { erases }) {
    super(desk);
    this.erases = erases;
  }

  /** A small circle: by keys there is no pointer. */
  hover(point) {
    this.at = point;
    this.circle(point, this.desk.radius / 4);
  }

  begin(point) {
    this.mark?.remove();
    this.#points = [point];
    this.mark = create("polygon", { class: this.erases ? "lasso cut" : "lasso" });
    this.desk.marks.append(this.mark);
  }

  move(point) {
    this.#points.push(point);
    this.mark.setAttribute("points", this.#points.map(({ x, y }) => `${x},${y}`).join(" "));
  }

  end() {
    this.leave();
    if (this.#points.length > 2) {
      const label = this.erases ? 0 : this.desk.labelAt(this.#points[0]);
      const ring = this.#points.map(({ x, y }) => [x, y]);
      fillRings(this.desk.labels(), [ring], label);
      this.desk.commit();
    }
  }

  cancel() {
    this.leave();
  }
}

/** Drags an outline: the mask around the place where it is grasped goes along, the less the further away. */
export class Nudge extends Tool {
  #from = null;
  #before = null;

  hover(point) {
    this.at = point;
    this.circle(point, 2 * this.desk.radius);
  }

  begin(point) {
    this.#from = point;
    this.#before = this.desk.labels().data.slice();
    this.hover(point);
  }

  move(point) {
    const labels = this.desk.labels();
    labels.data.set(this.#before);
    const { x, y } = this.#from;
    const [dx, dy] = [point.x - x, point.y - y];
    // Wide enough that nothing folds over.
    const reach = Math.max(2 * this.desk.radius, 2 * Math.hypot(dx, dy));
    this.at = point;
    this.circle(point, reach);
    push(labels, this.#before, { x: point.x, y: point.y, dx, dy, reach });
    this.desk.draft();
  }

  end() {
    this.#before = null;
    this.desk.commit();
  }
}

function push({ width, height, data }, before, { x, y, dx, dy, reach }) {
  const left = Math.max(0, Math.floor(x - reach));
  const right = Math.min(width, Math.ceil(x + reach));
  const top = Math.max(0, Math.floor(y - reach));
  const bottom = Math.min(height, Math.ceil(y + reach));
  for (let row = top; row < bottom; row += 1) {
    for (let column = left; column < right; column += 1) {
      const distance = ((column + 0.5 - x) ** 2 + (row + 0.5 - y) ** 2) / (reach * reach);
      if (distance < 1) {
        const share = (1 - distance) ** 2;
        const fromX = Math.min(width - 1, Math.max(0, Math.floor(column + 0.5 - share * dx)));
        const fromY = Math.min(height - 1, Math.max(0, Math.floor(row + 0.5 - share * dy)));
        data[row * width + column] = before[fromY * width + fromX];
      }
    }
  }
}

/** Gives the part that is clicked, or where Enter is pressed, to the other lung. */
export class Reassign extends Tool {
  isShort = true;

  begin(point) {
    this.desk.reassign(point);
  }

  move() {}

  end() {}

  cancel() {}
}
