// The collection of corrected masks, for training: kept by the service where it keeps one, else a ZIP.

import { collect, keepsCollection, radiograph } from "./api.js";
import { t } from "./language.js";
import { fileName } from "./names.js";
import { labelsPng, maskPng } from "./png.js";
import { lineOf } from "./problems.js";
import { save } from "./save.js";
import { zip } from "./zip.js";

const find = (selector) => document.querySelector(selector);

export class Collection {
  #studies = [];
  #study = null;
  #kept = null;

  constructor() {
    find("#collect").addEventListener("click", () => this.#collect());
  }

  show(studies, study) {
    this.#studies = studies.filter((one) => one.correction?.changed);
    if (study !== this.#study) {
      this.#say("");
    }
    this.#study = study;
    const shown = this.#studies.length > 0 && study?.state === "done";
    find("#collect").hidden = !shown;
    find("#collect-note").hidden = !shown;
    if (shown && this.#kept === null) {
      this.#kept = false;
      keepsCollection().then(
        (kept) => {
          this.#kept = kept;
          this.#name();
        },
        () => {},
      );
    }
    this.#name();
  }

  #name() {
    const count = this.#studies.length;
    find("#collect").textContent = this.#kept ? t("Add to collection ({count})", { count }) : t("Collection, ZIP ({count})", { count });
  }

  async #collect() {
    this.#say(t("Saving…"));
    const studies = [...this.#studies];
    try {
      if (this.#kept) {
        for (const study of studies) {
          await collect(study.file, await labelsPng(study.correction.labels));
          this.#rest(study);
        }
        this.#say(t("{count} saved in the service’s collection.", { count: studies.length }));
      } else {
        save(await this.#zip(studies), "collection.zip");
        this.#say(t("images/ and masks/, as pleura train --data takes them."));
      }
    } catch (problem) {
      this.#say(lineOf(problem));
    }
  }

  async #zip(studies) {
    const entries = [];
    const names = new Set();
    for (const study of studies) {
      const name = fileName(study.stem, names);
      // Of a DICOM file the pixels alone: its header names the patient.
      const isDicom = study.answer.image.format === "dicom";
      const image = isDicom ? await radiograph(study.file) : study.file;
      entries.push({ name: `images/${name}.${isDicom ? "png" : study.answer.image.format}`, blob: image });
      entries.push({ name: `masks/${name}.png`, blob: await maskPng(study.correction.labels) });
      this.#rest(study);
    }
    return zip(entries);
  }

  /** One label map at a time is enough. */
  #rest(study) {
    if (study !== this.#study) {
      study.correction.rest();
    }
  }

  #say(text) {
    find("#collect-said").textContent = text;
  }
}
