// The service's warnings, and its notes on a ground truth, in the page's language.

import { coded, mark, number, t } from "./language.js";

const EDGES = [mark("top"), mark("bottom"), mark("left"), mark("right")];

const PLACES = [
  mark("below the dome of the right lung"),
  mark("below the dome of the left lung"),
  mark("in the upper third of the right lung"),
  mark("in the upper third of the left lung"),
  mark("in the middle third of the right lung"),
  mark("in the middle third of the left lung"),
  mark("in the lower third of the right lung"),
  mark("in the lower third of the left lung"),
];

/** A warning in the page's language, with number, edges and place from the message; without a translation, the message. */
export function warningText({ code, message }) {
  const sentence = filled([coded("warnings", code) ?? ""], message);
  if (!sentence) {
    return message;
  }
  const place = PLACES.find((one) => message.includes(one));
  return [sentence, place && t("The network is least sure {place}.", { place: t(place) })].filter(Boolean).join(" ");
}

/** A note on a ground truth, with numbers, values and segments from the message. */
export function noteText({ code, message }) {
  return filled(coded("notes", code) ?? [], message) || message;
}

/** The first sentence whose placeholders all have a value in the message, filled in; undefined if there is none. */
function filled(sentences, message) {
  const [first, second] = numbersIn(message);
  const values = { number: first, second, edges: edgesIn(message), list: listIn(message), segments: segmentsIn(message) };
  const found = sentences.find((sentence) => [...sentence.matchAll(/\{(\w+)\}/g)].every(([, name]) => values[name]));
  return found && t(found, values);
}

function numbersIn(message) {
  const found = message.matchAll(/(\d+(?:\.(\d+))?)(%?)/g);
  return [...found].map(([, digits, decimals = "", percent]) => `${number(Number(digits), decimals.length)}${percent && " %"}`);
}

function edgesIn(message) {
  const words = message.split(/\W+/);
  return EDGES.filter((edge) => words.includes(edge)).map((edge) => t(edge)).join(t(" and "));
}

/** The values in brackets: "1, 2 and 3", "1, 2, 3, 4, 5 and 3 others". */
function listIn(message) {
  const [, list] = message.match(/\((\d[^()]*)\)/) ?? [];
  return list?.replace(" and ", t(" and ")).replace(mark("others"), t("others"));
}

/** The segments behind the colon, "1 (Heart), 2 (unnamed) and 3 others"; their names are the file's. */
function segmentsIn(message) {
  const [, list] = message.match(/: (\d+ \(.*)\.$/) ?? [];
  return list
    ?.replaceAll(`(${mark("unnamed")})`, `(${t("unnamed")})`)
    .replace(/ and (\d+) others$/, (_, count) => `${t(" and ")}${count} ${t("others")}`);
}
