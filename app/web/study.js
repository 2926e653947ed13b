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
 * - `heat`: the network's map of probabilities; null before it was asked for.
 * - `truth`: the ground truth: `{ name, file, state, problem }`; null if none was given.
 * - `key`: its name among what the browser keeps for a reload. `isRestored`: it came back, and its picture is yet to be made.
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
    this.heat = null;
    // Only where the page comes from a safe origin; elsewhere nothing is kept.
    this.key = crypto.randomUUID?.() ?? null;
    this.isRestored = false;
  }

  /** The study of which `kept` was kept. */
  static restored({ id, key, file, heat, name, type, ...kept }) {
    const study = new Study(new File([file], name, { type }), { sample: kept.sample });
    Object.assign(study, { id, key, heat, isRestored: kept.state !== "waiting" });
    count = Math.max(count, id);
    study.state = kept.state;
    study.problem = kept.problem;
    if (kept.segmented !== null) {
      study.take(kept.segmented);
    }
    if (kept.compared !== null) {
      study.take(kept.compared);
      study.truth = { name: kept.truth, file: null, state: "done", problem: null };
    }
    if (kept.correction !== null) {
      study.correction = Correction.restored(study.outlines, study.answer.image, kept.correction);
      study.showsOriginal = kept.showsOriginal;
    }
    return study;
  }

  /** What comes back after a reload, for JSON, besides file and map. An answer that is awaited is asked for again. */
  get kept() {
    const { id, name, sample, segmented, showsOriginal, truth } = this;
    const ended = ["done", "failed"].includes(this.state);
    const { type, title, status, detail, passing } = this.problem ?? {};
    return {
      id,
      name,
      sample,
      type: this.file.type,
      state: ended ? this.state : "waiting",
      problem: this.problem && { type, title, status, detail, passing },
      segmented: ended ? segmented : null,
      compared: truth?.state === "done" ? this.text : null,
      truth: truth?.name ?? null,
      correction: this.correction?.kept ?? null,
      showsOriginal,
    };
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
    return this.corrected ? this.#withHeart(this.correction.measured.shapes) : this.#shapes;
  }

  /** The outlines of what is being drawn. */
  get draft() {
    return this.#withHeart(this.correction.draft());
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

  /** The heart is not corrected. */
  #withHeart(lungs) {
    this.#shapes ??= shapesOf(this.outlines);
    return [...lungs, ...this.#shapes.filter(({ lung }) => lung === "heart")];
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
