// What can be taken away: the mask, the outlined image, the document as it was sent, a DICOM SEG.

import { render } from "./api.js";

const find = (selector) => document.querySelector(selector);

const ENDINGS = { mask: "-mask.png", overlay: "-outlined.png", json: ".json", seg: "-seg.dcm" };

export class Downloads {
  #study = null;

  constructor() {
    find("#print").addEventListener("click", () => print());
    for (const button of document.querySelectorAll("[data-download]")) {
      button.addEventListener("click", () => this.#download(button.dataset.download));
    }
  }

  show(study) {
    if (study !== this.#study) {
      find("#download-failure").hidden = true;
    }
    this.#study = study;
    const done = study?.state === "done";
    find("#downloads").hidden = !done;
    if (done) {
      const isDicom = study.answer.image.format === "dicom";
      find("[data-download=seg]").disabled = !isDicom;
      find("#seg-note").hidden = isDicom;
    }
  }

  async #download(what) {
    const study = this.#study;
    const failure = find("#download-failure");
    failure.hidden = true;
    try {
      save(await make(study, what), study.stem + ENDINGS[what]);
    } catch (problem) {
      failure.textContent = `${problem.title}. ${problem.detail}`;
      failure.hidden = false;
    }
  }
}

function make(study, what) {
  if (what === "json") {
    return new Blob([study.text], { type: "application/json" });
  }
  return render(study.file, what);
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has taken hold of the bytes by the time that this runs.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
