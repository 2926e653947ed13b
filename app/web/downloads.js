// What can be taken away of the mask that is looked at: the service's, or the corrected one.

import { correctedDicom, dicom, render } from "./api.js";
import { t } from "./language.js";
import { outlined } from "./outlined.js";
import { labelsPng, maskPng } from "./png.js";
import { lineOf } from "./problems.js";
import { cocoRle } from "./rle.js";
import { save } from "./save.js";

const find = (selector) => document.querySelector(selector);

const ENDINGS = {
  mask: "-mask.png",
  rle: "-mask.json",
  overlay: "-outlined.png",
  json: ".json",
  seg: "-seg.dcm",
  gsps: "-gsps.dcm",
};
const DICOM = ["seg", "gsps"];

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
      find("#downloads-heading").textContent = study.corrected ? t("Save the corrected mask") : t("Save");
      for (const form of DICOM) {
        find(`[data-download=${form}]`).disabled = !isDicom;
      }
      find("#dicom-note").hidden = isDicom;
    }
  }

  async #download(what) {
    const study = this.#study;
    const failure = find("#download-failure");
    failure.hidden = true;
    try {
      const blob = await (study.corrected ? correctedFile(study, what) : servedFile(study, what));
      save(blob, study.stem + ENDINGS[what]);
    } catch (problem) {
      failure.textContent = lineOf(problem);
      failure.hidden = false;
    }
  }
}

function servedFile(study, what) {
  if (what === "json") {
    return json(study.text);
  }
  if (what === "rle") {
    return json(JSON.stringify(cocoRle(study.labels)));
  }
  return DICOM.includes(what) ? dicom(study.file, what) : render(study.file, what);
}

/** The mask of what is looked at as PNG. */
export function maskFile(study) {
  return study.corrected ? maskPng(study.labels) : render(study.file, "mask");
}

async function correctedFile(study, what) {
  const { correction } = study;
  switch (what) {
    case "mask":
      return maskPng(study.labels);
    case "rle":
      return json(JSON.stringify(cocoRle(study.labels)));
    case "overlay":
      return outlined(study);
    case "seg":
    case "gsps":
      return correctedDicom(study.file, await labelsPng(study.labels), { form: what, author: correction.author });
    default:
      return json(JSON.stringify(documentOf(study)));
  }
}

/** The service's document with the corrected mask, without the trust and the notes of the original mask. */
function documentOf(study) {
  const { image, heart, model } = JSON.parse(study.segmented);
  return {
    image,
    mask: { encoding: "rle", data: cocoRle(study.labels) },
    lungs: study.lungs,
    heart,
    author: study.correction.author,
    model,
  };
}

function json(text) {
  return new Blob([text], { type: "application/json" });
}
