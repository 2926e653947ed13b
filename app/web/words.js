// Numbers and the service's stable words, for people.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export function count(value) {
  return whole.format(value);
}

export function share(value) {
  return value.toFixed(3);
}

export function distance(pixels, millimetres, image) {
  if (millimetres !== null) {
    return [`${millimetres.toFixed(2)} mm`, magnification(image)].filter(Boolean).join(", ");
  }
  return pixels === null ? "not defined" : `${pixels.toFixed(1)} px`;
}

const MAGNIFICATIONS = { detector: "magnified: detector plane", unknown: "perhaps magnified: plane not stated" };

/** The plane of millimetres, where it is not the patient's. */
export function magnification(image) {
  return MAGNIFICATIONS[image.spacing_plane] ?? "";
}

const PLANES = { patient: "in the patient", detector: "on the detector or film", unknown: "in the patient or on the detector" };

/** The spacing and where it holds. */
export function spacing(image) {
  return image.spacing_mm ? `${image.spacing_mm.map((side) => Number(side.toPrecision(4))).join(" × ")} mm, ${PLANES[image.spacing_plane]}` : "not in the file";
}

const STEPS = {
  rescale: "rescale slope and intercept",
  modality_lut: "modality look-up table",
  voi_lut: "VOI look-up table",
  window: "window",
  log: "logarithm of the intensity",
  inverted: "inversion, black for white",
  photometric_assumed: "photometric interpretation assumed",
  exif_orientation: "EXIF orientation",
  sixteen_bit: "sixteen bits scaled",
  grey: "colour to grey",
  margins_cut: "plain margins left out",
};

/** What was done in reading; a step that is not known here keeps its own word. */
export function steps(applied) {
  return applied.map((step) => STEPS[step] ?? step.replaceAll("_", " ")).join(", ") || "no change";
}

const STANDINGS = {
  waiting: "Waiting",
  working: "Working…",
  trusted: "No warning",
  untrusted: "Check",
  corrected: "Corrected",
  failed: "Failed",
};

export function standing(word) {
  return STANDINGS[word];
}

/** The verdict on a mask in a line: "No warning", "Note: …" or "Check: …" with the first reason. */
export function verdict({ trusted, warnings }) {
  const [first] = warnings;
  const reason = first ? first.message.split(/[.:](?:\s|$)/, 1)[0] : "low expected agreement";
  if (!trusted) {
    return `Check: ${reason}`;
  }
  return first ? `Note: ${reason}` : "No warning";
}

const AGREEMENTS = [
  [0.95, "very good"],
  [0.9, "good"],
  [0.8, "fair"],
  [0, "poor"],
];

/** The expected agreement with a radiologist's outline, as a word with the IoU behind it. */
export function agreement(iou) {
  if (iou === null) {
    return "not known";
  }
  const [, word] = AGREEMENTS.find(([least]) => iou >= least) ?? AGREEMENTS.at(-1);
  return `${word} (IoU ${share(iou)})`;
}

/** Both lungs of a newborn and of a very large adult, with magnification, in mm². */
const PLAUSIBLE_MM2 = [2_000, 150_000];

/** Why an area of both lungs cannot be right; empty where it can. */
export function implausibility(mm2) {
  const [least, most] = PLAUSIBLE_MM2;
  if (mm2 === null || (mm2 >= least && mm2 <= most)) {
    return "";
  }
  return `${count(mm2)} mm² is not plausible for two lungs: check the pixel spacing in the file.`;
}

/** A finished study in a few sentences, for those who listen. */
export function summary(study) {
  if (study.state === "failed") {
    return `${study.name}: ${study.problem.title}. ${study.problem.detail}`;
  }
  const { image, lungs, quality } = study.answer;
  const found = ["right", "left"].map((side) =>
    lungs[side] ? `${side} lung ${area(lungs[side], image)}` : `no ${side} lung found`,
  );
  const word = quality.trusted ? "No warning." : "Check the outlines.";
  const warnings = quality.warnings.map((warning) => warning.message).join(" ");
  return `${study.name}: ${word} ${found.join(", ")}. ${warnings}`;
}

function area(lung, image) {
  if (lung.area_mm2 === null) {
    return `${count(lung.area_px)} pixels`;
  }
  return [`${count(lung.area_mm2)} square millimetres`, magnification(image)].filter(Boolean).join(" ");
}
