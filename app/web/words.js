// Numbers and the service's stable words, for people.

import { mark, number, t } from "./language.js";
import { lineOf } from "./problems.js";
import { warningText } from "./sentences.js";

export function count(value) {
  return number(value);
}

export function share(value) {
  return number(value, 3);
}

/** A number with the digits that it has, at most four. */
export function plain(value) {
  const rounded = Number(value.toPrecision(4));
  return number(rounded, String(rounded).split(".")[1]?.length);
}

export function distance(pixels, millimetres, image) {
  if (millimetres !== null) {
    return [`${number(millimetres, 2)} mm`, magnification(image)].filter(Boolean).join(", ");
  }
  return pixels === null ? t("not defined") : `${number(pixels, 1)} px`;
}

const MAGNIFICATIONS = { detector: mark("magnified: detector plane"), unknown: mark("perhaps magnified: plane not stated") };

/** The plane of millimetres, where it is not the patient's. */
export function magnification(image) {
  return t(MAGNIFICATIONS[image.spacing_plane] ?? "");
}

const PLANES = { patient: mark("in the patient"), detector: mark("on the detector or film"), unknown: mark("in the patient or on the detector") };

/** The spacing and where it holds. */
export function spacing({ spacing_mm: sides, spacing_plane: plane }) {
  return sides ? `${sides.map(plain).join(" × ")} mm, ${t(PLANES[plane])}` : t("not in the file");
}

const STEPS = {
  rescale: mark("rescale slope and intercept"),
  modality_lut: mark("modality look-up table"),
  voi_lut: mark("VOI look-up table"),
  window: mark("window"),
  log: mark("logarithm of the intensity"),
  inverted: mark("inversion, black for white"),
  photometric_assumed: mark("photometric interpretation assumed"),
  exif_orientation: mark("EXIF orientation"),
  sixteen_bit: mark("sixteen bits scaled"),
  grey: mark("colour to grey"),
  margins_cut: mark("plain margins left out"),
};

/** What was done in reading; a step that is not known here keeps its own word. */
export function steps(applied) {
  return applied.map((step) => t(STEPS[step] ?? step.replaceAll("_", " "))).join(", ") || t("no change");
}

const STANDINGS = {
  waiting: mark("Waiting"),
  working: mark("Working…"),
  trusted: mark("No warning"),
  untrusted: mark("Check"),
  corrected: mark("Corrected"),
  failed: mark("Failed"),
};

export function standing(word) {
  return t(STANDINGS[word]);
}

/** The verdict on a mask in a line: "No warning", "Note: …" or "Check: …" with the first reason. */
export function verdict({ trusted, warnings }) {
  const [first] = warnings;
  const reason = first ? warningText(first).split(/[.:](?:\s|$)/, 1)[0] : t("low expected agreement");
  if (!trusted) {
    return t("Check: {reason}", { reason });
  }
  return first ? t("Note: {reason}", { reason }) : t("No warning");
}

const AGREEMENTS = [
  [0.95, mark("very good")],
  [0.9, mark("good")],
  [0.8, mark("fair")],
  [0, mark("poor")],
];

/** The expected agreement with a radiologist's outline, as a word with the IoU behind it. */
export function agreement(iou) {
  if (iou === null) {
    return t("not known");
  }
  const [, word] = AGREEMENTS.find(([least]) => iou >= least) ?? AGREEMENTS.at(-1);
  return `${t(word)} (IoU ${share(iou)})`;
}

/** Both lungs of a newborn and of a very large adult, with magnification, in mm². */
const PLAUSIBLE_MM2 = [2_000, 150_000];

/** Why an area of both lungs cannot be right; empty where it can. */
export function implausibility(mm2) {
  const [least, most] = PLAUSIBLE_MM2;
  if (mm2 === null || (mm2 >= least && mm2 <= most)) {
    return "";
  }
  return t("{area} mm² is not plausible for two lungs: check the pixel spacing in the file.", { area: count(mm2) });
}

const FOUND = { right: mark("right lung {area}"), left: mark("left lung {area}") };
const MISSED = { right: mark("no right lung found"), left: mark("no left lung found") };

/** A finished study in a few sentences, for those who listen. */
export function summary(study) {
  if (study.state === "failed") {
    return `${study.name}: ${lineOf(study.problem)}`;
  }
  const { image, lungs, quality } = study.answer;
  const found = ["right", "left"].map((side) =>
    lungs[side] ? t(FOUND[side], { area: area(lungs[side], image) }) : t(MISSED[side]),
  );
  const word = `${quality.trusted ? t("No warning") : t("Check the outlines")}.`;
  const warnings = quality.warnings.map(warningText).join(" ");
  return `${study.name}: ${word} ${found.join(", ")}. ${warnings}`;
}

function area(lung, image) {
  if (lung.area_mm2 === null) {
    return t("{count} pixels", { count: count(lung.area_px) });
  }
  return [t("{count} square millimetres", { count: count(lung.area_mm2) }), magnification(image)].filter(Boolean).join(" ");
}
