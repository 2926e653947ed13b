// The verdict, the areas and the facts of one study.

import { mark, number, t } from "./language.js";
import { warningText } from "./sentences.js";
import { agreement, count, implausibility, magnification, plain, spacing, steps } from "./words.js";

const find = (selector) => document.querySelector(selector);

/** Shows a study's result; hides the card while there is none. */
export function showResult(study) {
  const done = study?.state === "done";
  find("#result").hidden = !done;
  find("#no-result").hidden = done;
  find("#no-result").textContent = study?.state === "failed" ? t("There is no result.") : t("The result appears here.");
  if (!done) {
    return;
  }
  const { image, quality, model, timing_ms: timing } = study.answer;
  find("#image-name").textContent = study.name;
  find("#image-name").title = study.name;
  showVerdict(quality, study.corrected);
  showAreas(study.lungs, image);
  showHeart(study.answer, image);
  find("#agreement").hidden = study.corrected;
  find("#predicted-iou").textContent = agreement(quality.predicted_iou);
  const ratio = ratioOf(study);
  find("#ratio-facts").hidden = ratio === "";
  find("#ratio").textContent = ratio;
  find("#fact-size").textContent = `${image.width} × ${image.height} px`;
  find("#fact-format").textContent = image.format.toUpperCase();
  find("#fact-spacing").textContent = spacing(image);
  find("#fact-applied").textContent = steps(image.applied);
  find("#fact-model").textContent = model.name;
  find("#fact-engine").textContent = `${model.engine}, ${model.device}`;
  find("#fact-threshold").textContent = plain(model.threshold);
  const total = Object.values(timing).reduce((sum, ms) => sum + ms, 0);
  find("#fact-time").textContent = `${count(total)} ms`;
}

function showVerdict({ trusted, warnings }, corrected) {
  find("#verdict").dataset.trusted = String(trusted || corrected);
  find("#verdict-word").textContent = corrected ? t("Corrected by hand") : headline(trusted, warnings.length > 0);
  find("#verdict-advice").textContent = corrected ? t("The checks are those of the original outlines:") : advice(trusted, warnings.length > 0);
  find("#verdict-advice").hidden = corrected && warnings.length === 0;
  const items = warnings.map((warning) => {
    const item = document.createElement("li");
    item.textContent = warningText(warning);
    return item;
  });
  find("#warnings").replaceChildren(...items);
}

function headline(trusted, warned) {
  if (!trusted) {
    return t("Check the outlines");
  }
  return warned ? t("Note") : t("No warning");
}

function advice(trusted, warned) {
  if (!trusted) {
    return t("Compare them with the image before use; correct them where they are wrong.");
  }
  return warned ? t("The outlines passed the checks. Please note:") : t("The outlines passed all checks.");
}

function showAreas({ right, left }, image) {
  const table = find("#lungs");
  table.dataset.spacing = image.spacing_mm ? "known" : "unknown";
  const plane = magnification(image);
  fill(table.querySelector(".right"), right, plane);
  fill(table.querySelector(".left"), left, plane);
  const found = [right, left].filter((lung) => lung !== null);
  table.querySelector(".total").hidden = found.length < 2;
  const total = {
    area_px: found.reduce((sum, lung) => sum + lung.area_px, 0),
    area_mm2: image.spacing_mm ? found.reduce((sum, lung) => sum + lung.area_mm2, 0) : null,
  };
  fill(table.querySelector(".total"), total, plane);
  const doubt = found.length === 2 ? implausibility(total.area_mm2) : "";
  find("#areas-doubt").hidden = doubt === "";
  find("#areas-doubt").textContent = doubt;
  find("#areas-note").textContent = [SIDES[image.sides_from], AREAS[image.spacing_plane]].filter(Boolean).map((text) => t(text)).join(" ");
}

/** Shows the heart's area and names the table by its content; without a heart the row is hidden. */
function showHeart({ heart, cardiothoracic_ratio: ratio }, image) {
  const row = find("#lungs .heart");
  row.hidden = find("#legend-heart").hidden = !ratio;
  find("#areas-caption").textContent = ratio ? t("Areas of lungs and heart") : t("Lung areas");
  find("#areas-of").textContent = ratio ? t("Organ") : t("Lung");
  fill(row, heart, magnification(image));
}

const SIDES = {
  patient_orientation: mark("Right and left are the patient’s, by the orientation in the file."),
  image_laterality: mark("Right and left are the patient’s, by the laterality in the file."),
  convention: mark("Right and left are the patient’s."),
};

const AREAS = {
  null: mark("No areas in mm²: the file does not give the pixel spacing."),
  detector: mark("The shadow on the detector or film is larger than the lung."),
  unknown: mark("The file does not say whether its spacing is corrected for magnification on the detector."),
};

/** Reasons against a ratio that stay when the lungs are corrected. */
const HEART_REASONS = [mark("The network is not sure of the heart."), mark("Size or place of the heart is not plausible.")];

/** The cardiothoracic ratio of the mask that is looked at; empty where the checkpoint finds no hearts. */
function ratioOf(study) {
  const { heart, cardiothoracic_ratio: ratio } = study.answer;
  if (!ratio) {
    return "";
  }
  const { right, left } = study.lungs;
  if (study.corrected && heart && right && left && !HEART_REASONS.includes(ratio.reason)) {
    const first = Math.min(right.box[0], left.box[0]);
    const last = Math.max(right.box[0] + right.box[2], left.box[0] + left.box[2]);
    return number(heart.box[2] / (last - first), 2);
  }
  return ratio.value === null
    ? t("Not measured. {reason}", { reason: t(ratio.reason) })
    : [number(ratio.value, 2), ...ratio.remarks.map((remark) => t(remark))].join(". ");
}

function fill(row, lung, plane) {
  row.querySelector(".px").textContent = lung ? count(lung.area_px) : t("not found");
  const cell = row.querySelector(".mm");
  cell.textContent = lung && lung.area_mm2 !== null ? count(lung.area_mm2) : "";
  if (plane && cell.textContent) {
    const small = document.createElement("small");
    small.textContent = plane;
    cell.append(" ", small);
  }
}
