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
  #keeping;
  #isRemaking = false;

  /** `keeping.picture(study)`: what the browser has kept of the pictures that the service made. */
  constructor(studies, keeping) {
    this.#studies = studies;
    this.#keeping = keeping;
    studies.addEventListener("change", () => {
      this.#begin();
      this.#restore();
      this.#remake();
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
    const truth = { name: file.name, file, state: "working", problem: null };
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

  /** Makes the pictures of what a reload brought back one after another, first that of the study that is looked at. */
  async #remake() {
    if (this.#isRemaking) {
      return;
    }
    this.#isRemaking = true;
    const next = () => [this.#studies.current, ...this.#studies.items].find((study) => study?.isRestored);
    for (let study = next(); study; study = next()) {
      study.isRestored = false;
      const made = await this.#keeping.picture(study);
      const own = await fromBrowser(made ?? study.file);
      if (made === null && study.state === "done" && !shows(own, study.answer.image)) {
        await this.#read(study).catch(() => {});
      } else {
        this.#show(study, own);
      }
      if (made !== null) {
        this.#keep(study);
      }
    }
    this.#isRemaking = false;
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

  /** Shows the picture that the service makes of a file, or has made. */
  #read(study) {
    const read = this.#keeping
      .picture(study)
      .then((kept) => kept ?? radiograph(study.file))
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
