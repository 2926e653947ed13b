// One radiograph and all that is known about it.

let count = 0;

/**
 * `state` is "waiting", "working", "done" or "failed".
 *
 * - `picture`: what a screen can show: `{ url, width, height, thumbnail }`; null until there is one.
 * - `answer`: the service's document; `text` is the same as it was sent, `segmented` the one without a comparison.
 * - `problem`: why there is no answer.
 * - `truth`: the ground truth: `{ file, state, problem }`; null if none was given.
 */
export class Study {
  constructor(file, { sample = false } = {}) {
    count += 1;
    this.id = count;
    this.file = file;
    this.name = file.name || "Pasted image";
    this.sample = sample;
    this.state = "waiting";
    this.picture = null;
    this.answer = null;
    this.text = null;
    this.segmented = null;
    this.problem = null;
    this.truth = null;
  }

  take(text) {
    this.text = text;
    this.segmented ??= text;
    this.answer = JSON.parse(text);
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

  /** In one word: "waiting", "working", "trusted", "untrusted" or "failed". */
  get standing() {
    if (this.state !== "done") {
      return this.state;
    }
    return this.answer.quality.trusted ? "trusted" : "untrusted";
  }

  close() {
    if (this.picture) {
      URL.revokeObjectURL(this.picture.url);
      this.picture = null;
    }
  }
}
