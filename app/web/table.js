// What is known of many radiographs, as CSV (RFC 4180).

const COLUMNS = [
  ["name", (study) => study.name],
  ["state", (study) => study.standing],
  ["right_px", (_, { right }) => right?.area_px],
  ["left_px", (_, { left }) => left?.area_px],
  ["right_mm2", (_, { right }) => rounded(right?.area_mm2)],
  ["left_mm2", (_, { left }) => rounded(left?.area_mm2)],
  ["spacing_plane", (study) => study.answer?.image.spacing_plane],
  ["trusted", (study) => study.answer?.quality.trusted],
  ["predicted_iou", (study) => study.answer?.quality.predicted_iou?.toFixed(3)],
  ["warnings", (study) => study.answer?.quality.warnings.map((warning) => warning.code).join(" ")],
  ["corrected", (study) => Boolean(study.correction?.changed)],
  ["milliseconds", (study) => rounded(total(study.answer?.timing_ms))],
  ["problem", (study) => study.problem?.detail],
];

/** A line for each study that has come to an end. */
export function csv(studies) {
  const lines = studies.map((study) => {
    const lungs = study.state === "done" ? study.finalLungs : {};
    return COLUMNS.map(([, value]) => value(study, lungs));
  });
  const text = [COLUMNS.map(([name]) => name), ...lines].map((line) => line.map(cell).join(",")).join("\r\n");
  return new Blob([`${text}\r\n`], { type: "text/csv" });
}

function cell(value) {
  // A spreadsheet would run what looks like a formula.
  const text = String(value ?? "").replace(/^[=+\-@\t\r]/, "'$&");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function rounded(value) {
  return value == null ? "" : Math.round(value);
}

function total(timing) {
  return timing && Object.values(timing).reduce((sum, ms) => sum + ms, 0);
}
