// The service's warnings in the page's language.

import { mark, number, sentenceOf, t } from "./language.js";

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

/** A warning's sentence by its code, with what the message says of number, edges and place; else the message. */
export function warningText({ code, message }) {
  const sentence = sentenceOf(code);
  const values = { number: numberIn(message), edges: edgesIn(message) };
  const missing = [...(sentence?.matchAll(/\{(\w+)\}/g) ?? [])].some(([, name]) => !values[name]);
  if (!sentence || missing) {
    return message;
  }
  const place = PLACES.find((one) => message.includes(one));
  const parts = [t(sentence, values), place && t("The network is least sure {place}.", { place: t(place) })];
  return parts.filter(Boolean).join(" ");
}

function numberIn(message) {
  const [, digits, decimals = "", percent] = message.match(/(\d+(?:\.(\d+))?)(%?)/) ?? [];
  return digits && `${number(Number(digits), decimals.length)}${percent && " %"}`;
}

function edgesIn(message) {
  const words = message.split(/\W+/);
  return EDGES.filter((edge) => words.includes(edge)).map((edge) => t(edge)).join(t(" and "));
}
