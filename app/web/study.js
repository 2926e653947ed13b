// One radiograph and all that is known about it.

import { Correction } from "./correction.js";
import { Labels } from "./labels.js";
import { t } from "./language.js";
import { shapesOf } from "./outline.js";

let count = 0;

/**
 * `state` is "waiting", "working", "done" or "failed".
 *
 * - `picture`: what a screen can show: `{ blob, width, height, thumbnail }`; null until there is one.
 * - `answer`: the service's document; `text` is the same as it was sent, `segmented` the one without a comparison.
 * - `problem`: why there is no answer.
 * - `correction`: the mask that a person corrects; null before the first stroke. `showsOriginal`: the service's is looked at.
 * - `released`: the picture was let go, to save memory.
 * - `truth`: the ground truth: `{ file, state, problem }`; null if none was given.
 */
export class Study {
  #shapes = null;

  constructor(file, { sample = false } = {}) {
    count += 1;
    this.id = count;
    this.file = file;
    this.name = file.name || t("Pasted image");
    this.sample = sample;
    this.state = "waiting";
    this.picture = null;
    this.answer = null;
    this.text = null;
    this.segmented = null;
    this.problem = null;
    this.truth = null;
    this.released = false;
    this.correction = null;
    this.showsOriginal = false;
  }

  take(text) {
    this.text = text;
    this.segmented ??= text;
    this.answer = JSON.parse(text);
    // A thousand points each in its own array: of a hundred radiographs the text alone is kept.
    this.answer.mask.data = null;
    this.#shapes = null;
  }

  /** The outlines as the service sent them, in GeoJSON. */
  get outlines() {
    return JSON.parse(this.text).mask.data;
  }

  /** The correction to draw on; the first stroke begins it. */
  correct() {
    this.correction ??= new Correction(this.outlines, this.answer.image);
    this.showsOriginal = false;
    return this.correction;
  }

  /** Whether a mask is looked at that differs from the service's. */
  get corrected() {
    return this.correction !== null && !this.showsOriginal && this.correction.changed;
  }

  /** Right and left of the mask that is looked at, as in the document. */
  get lungs() {
    return this.corrected ? this.correction.measured.lungs : this.answer.lungs;
  }

  /** Right and left of the mask that is kept: the corrected one where there is one. */
  get finalLungs() {
    return this.correction?.changed ? this.correction.measured.lungs : this.answer.lungs;
  }

  /** The label map that is looked at. */
  get labels() {
    return this.corrected ? this.correction.labels : Labels.fromOutlines(this.outlines, this.answer.image);
  }

  /** The outlines that are looked at. */
  get shapes() {
    this.#shapes ??= shapesOf(this.outlines);
    if (this.corrected) {
      // The heart is not corrected.
      return [...this.correction.measured.shapes, ...this.#shapes.filter(({ lung }) => lung === "heart")];
    }
    return this.#shapes;
  }

  /** Drops the result of a comparison: it is stale once another ground truth is given. */
  forgetComparison() {
    if (this.text !== this.segmented) {
      this.take(this.segmented);
    }
  }

  /** The file's name without its ending, for what is made from it. */
  get stem() {
    return this.name.replace(/\.[^.]+$/, "") || "radiograph";
  }

  /** In one word: "waiting", "working", "trusted", "untrusted", "corrected" or "failed". */
  get standing() {
    if (this.state !== "done") {
      return this.state;
    }
    if (this.correction?.changed) {
      return "corrected";
    }
    return this.answer.quality.trusted ? "trusted" : "untrusted";
  }

  /** Lets the picture go, but for its thumbnail; it can be made again. */
  letGo() {
    if (this.picture?.blob) {
      this.picture.blob = null;
      this.released = true;
    }
  }

  close() {
    this.picture?.thumbnail.close();
    this.picture = null;
  }
}
