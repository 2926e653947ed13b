// The verdict, the areas and the facts of one study.

import { count, magnification, share, spacing, steps } from "./words.js";

const find = (selector) => document.querySelector(selector);

/** Shows a study's result; hides the card while there is none. */
export function showResult(study) {
  const done = study?.state === "done";
  find("#result").hidden = !done;
  find("#no-result").hidden = done;
  find("#no-result").textContent = study?.state === "failed" ? "There is no result." : "The result appears here.";
  if (!done) {
    return;
  }
  const { image, lungs, quality, model, timing_ms: timing } = study.answer;
  find("#image-name").textContent = study.name;
  find("#image-name").title = study.name;
  showVerdict(quality);
  showAreas(lungs, image);
  find("#predicted-iou").textContent = quality.predicted_iou === null ? "not known" : share(quality.predicted_iou);
  find("#fact-size").textContent = `${image.width} × ${image.height} px`;
  find("#fact-format").textContent = image.format.toUpperCase();
  find("#fact-spacing").textContent = spacing(image);
  find("#fact-applied").textContent = steps(image.applied);
  find("#fact-model").textContent = model.name;
  find("#fact-engine").textContent = `${model.engine}, ${model.device}`;
  find("#fact-threshold").textContent = String(model.threshold);
  const total = Object.values(timing).reduce((sum, ms) => sum + ms, 0);
  find("#fact-time").textContent = `${count(total)} ms`;
}

function showVerdict({ trusted, warnings }) {
  find("#verdict").dataset.trusted = String(trusted);
  find("#verdict-word").textContent = trusted ? "Trusted" : "Not trusted";
  find("#verdict-advice").textContent = advice(trusted, warnings.length > 0);
  const items = warnings.map((warning) => {
    const item = document.createElement("li");
    item.textContent = warning.message;
    return item;
  });
  find("#warnings").replaceChildren(...items);
}

function advice(trusted, warned) {
  if (!trusted) {
    return "Look at the image before these outlines are used.";
  }
  return warned ? "Nothing speaks against these outlines. To be known:" : "Nothing was found that speaks against these outlines.";
}

function showAreas({ right, left }, image) {
  const table = find("#lungs");
  table.dataset.spacing = image.spacing_mm ? "known" : "unknown";
  table.querySelector("th.mm small").textContent = magnification(image);
  fill(table.querySelector(".right"), right);
  fill(table.querySelector(".left"), left);
  const found = [right, left].filter((lung) => lung !== null);
  table.querySelector(".total").hidden = found.length < 2;
  fill(table.querySelector(".total"), {
    area_px: found.reduce((sum, lung) => sum + lung.area_px, 0),
    area_mm2: found.reduce((sum, lung) => sum + lung.area_mm2, 0),
  });
  find("#areas-note").textContent = [SIDES[image.sides_from], AREAS[image.spacing_plane]].filter(Boolean).join(" ");
}

const SIDES = {
  patient_orientation: "Right and left are the patient’s, by the orientation in the file.",
  image_laterality: "Right and left are the patient’s, by the laterality in the file.",
  convention: "Right and left are the patient’s.",
};

const AREAS = {
  null: "No areas in mm²: the file does not give the pixel spacing.",
  detector: "Areas in mm² are those of the shadow on the detector or film, which is larger than the lung.",
  unknown: "Areas in mm² may be those of the shadow on the detector: the file does not say if its spacing is corrected.",
};

function fill(row, lung) {
  row.querySelector(".px").textContent = lung ? count(lung.area_px) : "not found";
  row.querySelector(".mm").textContent = lung ? count(lung.area_mm2) : "";
}
