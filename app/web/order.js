// Which of many studies are listed, and in which order.

import { mark, t } from "./language.js";

const FILTERS = {
  all: () => true,
  check: (study) => study.standing === "untrusted",
  clear: (study) => study.standing === "trusted",
  corrected: (study) => study.standing === "corrected",
  failed: (study) => study.standing === "failed",
};

const URGENCY = ["untrusted", "failed", "corrected", "trusted", "working", "waiting"];

const ORDERS = {
  opened: (a, b) => a.id - b.id,
  check: (a, b) => URGENCY.indexOf(a.standing) - URGENCY.indexOf(b.standing) || a.id - b.id,
  asymmetry: (a, b) => asymmetry(b) - asymmetry(a) || a.id - b.id,
};

export function arranged(studies, { filter, sort }) {
  return studies.filter(FILTERS[filter]).sort(ORDERS[sort]);
}

/** "37 of 45, 6 to check". */
export function tally(studies) {
  const of = (...standings) => studies.filter((study) => standings.includes(study.standing)).length;
  const done = studies.length - of("waiting", "working");
  const parts = [t("{done} of {all}", { done, all: studies.length })];
  for (const [count, words] of [
    [of("untrusted"), mark("{count} to check")],
    [of("corrected"), mark("{count} corrected")],
    [of("failed"), mark("{count} failed")],
  ]) {
    if (count) {
      parts.push(t(words, { count }));
    }
  }
  return { done, text: parts.join(", ") };
}

/** How much the lungs differ in size: 0, alike, to 1, one alone; -1 where that is not known. */
function asymmetry(study) {
  if (study.state !== "done") {
    return -1;
  }
  const areas = Object.values(study.finalLungs).map((lung) => lung?.area_px ?? 0);
  const most = Math.max(...areas);
  return most ? 1 - Math.min(...areas) / most : -1;
}
