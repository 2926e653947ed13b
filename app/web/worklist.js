// The list of many: how far it is, what is shown of it, going through it, and its results.

import { Labels } from "./labels.js";
import { isTyping } from "./help.js";
import { fileName } from "./names.js";
import { arranged, tally } from "./order.js";
import { maskPng } from "./png.js";
import { save } from "./save.js";
import { csv } from "./table.js";
import { zip } from "./zip.js";

const find = (selector) => document.querySelector(selector);
const STEPS = { PageDown: 1, PageUp: -1 };

export class Worklist {
  #studies;

  constructor(studies) {
    this.#studies = studies;
    for (const id of ["#filter", "#sort"]) {
      find(id).addEventListener("change", () => studies.changed());
    }
    find("#previous").addEventListener("click", () => this.#go(-1));
    find("#next").addEventListener("click", () => this.#go(1));
    find("#remove-all").addEventListener("click", () => {
      studies.clear();
      find("#invitation button").focus();
    });
    find("#results-csv").addEventListener("click", () => save(csv(this.#ended()), "lungs.csv"));
    find("#results-zip").addEventListener("click", () => this.#saveMasks());
    document.addEventListener("keydown", (event) => {
      if (STEPS[event.key] && !isTyping(event) && studies.items.length > 1) {
        event.preventDefault();
        this.#go(STEPS[event.key]);
      }
    });
  }

  /** The studies that are listed, in order. */
  get listed() {
    return arranged([...this.#studies.items], { filter: find("#filter").value, sort: find("#sort").value });
  }

  show() {
    const { items } = this.#studies;
    find("#worklist").hidden = items.length < 2;
    const { done, text } = tally(items);
    if (find("#tally").textContent !== text) {
      find("#tally").textContent = text;
    }
    find("#progress").max = Math.max(1, items.length);
    find("#progress").value = done;
    find("#progress").hidden = done === items.length;
    const ended = this.#ended().length > 0;
    find("#results-csv").disabled = !ended;
    find("#results-zip").disabled = !ended;
  }

  #ended() {
    return this.listed.filter((study) => ["done", "failed"].includes(study.state));
  }

  #go(step) {
    const { listed } = this;
    if (listed.length) {
      const index = listed.indexOf(this.#studies.current);
      const next = index < 0 ? 0 : Math.min(listed.length - 1, Math.max(0, index + step));
      this.#studies.select(listed[next]);
    }
  }

  async #saveMasks() {
    const names = new Set();
    const entries = [];
    for (const study of this.#ended().filter((one) => one.state === "done")) {
      const { correction } = study;
      const labels = correction?.changed ? correction.labels : Labels.fromOutlines(study.outlines, study.answer.image);
      entries.push({ name: `${fileName(study.stem, names)}-mask.png`, blob: await maskPng(labels) });
      if (study !== this.#studies.current) {
        correction?.rest();
      }
    }
    entries.push({ name: "lungs.csv", blob: csv(this.#ended()) });
    save(await zip(entries), "lungs.zip");
  }
}
