// How the image is turned on the screen: quarter turns to the right, then mirrored from side to side.

import { t } from "./language.js";

const OPPOSITES = { R: "L", L: "R", A: "P", P: "A", H: "F", F: "H" };

/** What lies at the image's edges, top, right, bottom and left, in DICOM's letters; "" where that is not known. */
export function lettersOf({ patient_orientation: directions, left_at: leftAt }) {
  if (directions) {
    const [right, bottom] = directions;
    return [opposite(bottom), right, bottom, opposite(right)];
  }
  const edge = ["top", "right", "bottom", "left"].indexOf(leftAt);
  return [0, 1, 2, 3].map((one) => ({ [edge]: "L", [(edge + 2) % 4]: "R" })[one] ?? "");
}

function opposite(direction) {
  return [...direction].map((letter) => OPPOSITES[letter]).join("");
}

export class Orientation {
  quarters = 0;
  mirrored = false;

  get isPlain() {
    return this.quarters === 0 && !this.mirrored;
  }

  reset() {
    this.quarters = 0;
    this.mirrored = false;
  }

  /** Turns to the right by quarters, as it is seen. */
  turn(quarters) {
    this.quarters = (this.quarters + (this.mirrored ? 4 - quarters : quarters)) % 4;
  }

  mirror() {
    this.mirrored = !this.mirrored;
  }

  /** From bottom to top, as it is seen: the same as mirrored from side to side and turned by a half. */
  flip() {
    this.turn(2);
    this.mirror();
  }

  /** Width and height on the screen of an image. */
  sizeOf({ width, height }) {
    return this.quarters % 2 ? { width: height, height: width } : { width, height };
  }

  /** From the image's pixels to where they are seen. */
  matrixOf(size) {
    const shown = this.sizeOf(size);
    const matrix = new DOMMatrix();
    if (this.mirrored) {
      matrix.translateSelf(shown.width, 0).scaleSelf(-1, 1);
    }
    return matrix
      .translateSelf(shown.width / 2, shown.height / 2)
      .rotateSelf(90 * this.quarters)
      .translateSelf(-size.width / 2, -size.height / 2);
  }

  /** The image's edge, 0 top, 1 right, 2 bottom, 3 left, that is seen at each edge of the screen in that order. */
  get edges() {
    const turned = [0, 1, 2, 3].map((edge) => (edge - this.quarters + 4) % 4);
    return this.mirrored ? [turned[0], turned[3], turned[2], turned[1]] : turned;
  }

  /** In words for the image's corner; empty if nothing was changed. */
  get words() {
    const turns = ["", t("rotated 90° right"), t("rotated 180°"), t("rotated 90° left")];
    const words = [turns[this.quarters], this.mirrored ? t("mirrored") : ""].filter(Boolean).join(", ");
    return words && words[0].toUpperCase() + words.slice(1);
  }
}
