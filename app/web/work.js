// What is done with a study: a picture to look at, the outlines, the comparison with a ground truth.

import { evaluate, radiograph, segment } from "./api.js";
import { fromBlob, fromBrowser } from "./picture.js";

const AT_ONCE = 2;
const MADE_KEPT = 6;

/** A picture differs from the file itself if more was done to read it than to make it grey, or to look within its margins. */
const HARMLESS = new Set(["grey", "margins_cut"]);

export class Work {
  #studies;
  #running = 0;
  #made = [];

  constructor(studies) {
    this.#studies = studies;
    studies.addEventListener("change", () => {
      this.#begin();
      this.#restore();
    });
  }

  /** Does a study again that failed. */
  retry(study) {
    study.state = "waiting";
    study.problem = null;
    this.#studies.changed();
  }

  /** Compares a study with a ground truth. */
  async compare(study, file, { resize = false } = {}) {
    const truth = { file, state: "working", problem: null };
    study.truth = truth;
    study.forgetComparison();
    this.#studies.changed();
    try {
      const text = await evaluate(study.file, file, { resize });
      if (study.truth === truth) {
        study.take(text);
        truth.state = "done";
      }
    } catch (problem) {
      truth.state = "failed";
      truth.problem = problem;
    }
    this.#studies.changed();
  }

  #begin() {
    for (const study of this.#studies.items) {
      if (this.#running >= AT_ONCE) {
        return;
      }
      if (study.state === "waiting") {
        this.#running += 1;
        study.state = "working";
        this.#segment(study).finally(() => {
          this.#running -= 1;
          this.#studies.changed();
        });
      }
    }
  }

  /** Makes the picture of what is looked at again if it was let go. */
  #restore() {
    const { current } = this.#studies;
    if (current?.released) {
      current.released = false;
      this.#read(current).catch(() => {});
    }
  }

  async #segment(study) {
    const isDicom = await startsAsDicom(study.file);
    // Before the network is asked: whoever waits for it looks at the picture.
    let read = isDicom ? this.#read(study) : null;
    const segmented = segment(study.file);
    // Handled below; until then it must not count as unhandled.
    segmented.catch(() => {});
    const own = isDicom ? null : (study.picture ?? (await fromBrowser(study.file)));
    if (own === null) {
      read ??= this.#read(study);
    }
    this.#show(study, own);
    try {
      const text = await segmented;
      study.take(text);
      this.#studies.changed();
      if (read !== null) {
        await read;
      } else if (!shows(own, study.answer.image)) {
        await this.#read(study);
      }
      study.state = "done";
    } catch (problem) {
      study.state = "failed";
      study.problem = problem;
    }
  }

  /** Shows the picture that the service makes of a file. */
  #read(study) {
    const read = radiograph(study.file)
      .then(fromBlob)
      .then((picture) => {
        this.#show(study, picture);
        this.#keep(study);
      });
    read.catch(() => {});
    return read;
  }

  /** Pictures that the service made lie in memory, not in a file: of many those looked at last are kept. */
  #keep(study) {
    const { current } = this.#studies;
    const held = this.#made.filter((one) => one !== study && this.#studies.holds(one));
    this.#made = [study, ...held.filter((one) => one === current), ...held.filter((one) => one !== current)];
    for (const other of this.#made.splice(MADE_KEPT)) {
      other.letGo();
    }
  }

  #show(study, picture) {
    if (picture === null || picture === study.picture) {
      return;
    }
    study.close();
    study.picture = picture;
    if (!this.#studies.holds(study)) {
      study.close();
    }
    this.#studies.changed();
  }
}

async function startsAsDicom(file) {
  return (await file.slice(128, 132).text()) === "DICM";
}

/** Whether a picture shows what the service read. */
function shows(picture, image) {
  return (
    picture !== null &&
    picture.width === image.width &&
    picture.height === image.height &&
    image.applied.every((step) => HARMLESS.has(step))
  );
}
