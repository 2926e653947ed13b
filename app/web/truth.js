// The ground truth of a study: where it is given, and how well the outlines agree with it.

import { mark, t } from "./language.js";
import { showProblem } from "./problems.js";
import { noteText } from "./sentences.js";
import { distance, share } from "./words.js";

const find = (selector) => document.querySelector(selector);
const SIZE_MISMATCH = "urn:pleura:problem:size-mismatch";

const ROWS = [
  ["IoU", mark("what is in both, by what is in either"), (m) => share(m.iou), "main"],
  ["Dice", mark("twice what is in both, by their sum"), (m) => share(m.dice)],
  [mark("Precision"), mark("share of the mask that is lung"), (m) => share(m.precision)],
  [mark("Recall"), mark("share of the lung that is in the mask"), (m) => share(m.recall)],
  [mark("Pixel accuracy"), mark("share of all pixels that agree"), (m) => share(m.pixel_accuracy)],
  ["HD95", mark("95th percentile of the distance"), (m, image) => distance(m.hd95_px, m.hd95_mm, image)],
  ["ASSD", mark("mean distance of the outlines"), (m, image) => distance(m.assd_px, m.assd_mm, image)],
  [mark("IoU before post-processing"), "", (m) => share(m.raw_iou)],
];

export class Truth {
  #study = null;
  #onTruth;

  /** `onTruth(study, file, options)` is called when a mask is given, `onSample` when the sample's is wanted. */
  constructor({ onTruth, onSample }) {
    this.#onTruth = onTruth;
    const input = find("#truth-file");
    find("#choose-truth").addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      this.give(input.files);
      input.value = "";
    });
    find("#sample-truth").addEventListener("click", onSample);
    find("#truth-resize").addEventListener("click", () => {
      this.#onTruth(this.#study, this.#study.truth.file, { resize: true });
    });
  }

  /** Takes the first of these files as the current study's mask. */
  give(files) {
    if (files.length && this.#study?.state === "done") {
      this.#onTruth(this.#study, files[0], { resize: false });
    }
  }

  show(study) {
    this.#study = study;
    find("#truth").hidden = study?.state !== "done";
    if (study?.state !== "done") {
      return;
    }
    const state = study.truth?.state ?? "none";
    find("#truth").dataset.state = state;
    find("#sample-truth").hidden = !study.sample || state === "done";
    find("#truth-prompt").textContent = {
      none: t("Drop a mask here to see how well the outlines agree with it. Black is background."),
      working: t("Comparing…"),
      done: study.corrected
        ? t("The comparison is that of the original outlines: “Original” shows it.")
        : t("Drop another mask here to compare with that one."),
      failed: t("Drop another mask here."),
    }[state];
    this.#showFailure(study.truth);
    this.#showMetrics(study);
  }

  #showFailure(truth) {
    const failed = truth?.state === "failed";
    find("#truth-failure").hidden = !failed;
    if (failed) {
      const isOfOtherSize = truth.problem.type === SIZE_MISMATCH;
      // The sizes, without the advice for programs: the button takes its place.
      const detail = isOfOtherSize ? truth.problem.detail.replace(/(?<=\.) .*/s, "") : truth.problem.detail;
      const elements = { titleIn: find("#truth-failure-title"), detailIn: find("#truth-failure-detail") };
      showProblem({ ...truth.problem, detail }, elements);
      find("#truth-resize").hidden = !isOfOtherSize;
    }
  }

  #showMetrics(study) {
    const metrics = study.answer.metrics ?? null;
    const shown = metrics !== null && study.truth?.state === "done" && !study.corrected;
    find("#metrics").hidden = !shown;
    find("#both-empty").hidden = !shown || !metrics.both_empty;
    const notes = shown ? (study.answer.ground_truth?.notes ?? []) : [];
    find("#truth-notes").hidden = !notes.length;
    find("#truth-notes").replaceChildren(...notes.map((note) => makeNote(note)));
    if (shown) {
      find("#truth-name").textContent = study.truth.name;
      find("#metrics-rows").replaceChildren(...ROWS.map((row) => makeRow(row, metrics, study.answer.image)));
    }
  }
}

function makeNote(note) {
  const item = document.createElement("li");
  item.dataset.code = note.code;
  item.textContent = noteText(note);
  return item;
}

function makeRow([name, meaning, value, kind = ""], metrics, image) {
  const row = document.createElement("tr");
  row.className = kind;
  const head = document.createElement("th");
  head.scope = "row";
  head.textContent = t(name);
  if (meaning) {
    const small = document.createElement("small");
    small.textContent = t(meaning);
    head.append(small);
  }
  const cell = document.createElement("td");
  cell.textContent = value(metrics, image);
  row.append(head, cell);
  return row;
}
