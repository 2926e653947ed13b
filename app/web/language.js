// The page's language: the browser's, or the one that was chosen. English is in the page and its scripts, the others in strings.js.

import { keep, kept } from "./choices.js";
import { GERMAN, GERMAN_NOTES, GERMAN_PROBLEMS, GERMAN_WARNINGS } from "./strings.js";

const LANGUAGES = { en: {}, de: GERMAN };
/** Translations of the service's texts by their code; the service's own texts are English. */
const CODED = {
  en: { warnings: {}, notes: {}, problems: {} },
  de: { warnings: GERMAN_WARNINGS, notes: GERMAN_NOTES, problems: GERMAN_PROBLEMS },
};
const ATTRIBUTES = ["aria-label"];
const KEPT_AS = "pleura-language";

let language = chosen();

/** A text in the page's language; `{name}` stands for a value. */
export function t(text, values = {}) {
  const found = LANGUAGES[language][text] ?? text;
  return found.replaceAll(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** Marks a text that `t` gets later. */
export function mark(text) {
  return text;
}

/** The translation of a code among "warnings", "notes" or "problems"; undefined where the service's own words are to be shown. */
export function coded(kind, code) {
  const table = CODED[language][kind];
  return Object.hasOwn(table, code) ? table[code] : undefined;
}

/** A number with so many digits after the decimal point, as the language writes it. */
export function number(value, digits = 0) {
  return value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: digits === 0 });
}

/** Puts the page's own texts into the language, and again when another one is chosen. Comes before anything else is shown. */
export function attachLanguage(onChange) {
  const texts = [...ownTexts()];
  const select = document.querySelector("#language");
  const show = () => {
    document.documentElement.lang = language;
    select.value = language;
    for (const put of texts) {
      put();
    }
  };
  select.addEventListener("change", () => {
    language = select.value;
    keep(KEPT_AS, language);
    show();
    onChange();
  });
  show();
}

/** The one that was chosen, or the first of the browser's that there is. */
function chosen() {
  const wanted = [kept(KEPT_AS), ...navigator.languages].map((one) => one.split("-")[0]);
  return wanted.find((one) => Object.hasOwn(LANGUAGES, one)) ?? "en";
}

/** Functions that put each text of the page. What is shown later takes the place of its node, which is then not seen. */
function* ownTexts() {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node.nodeType === Node.TEXT_NODE) {
      const english = node.data.trim().replaceAll(/\s+/g, " ");
      if (Object.hasOwn(GERMAN, english)) {
        const [before, after] = [node.data.match(/^\s*/)[0], node.data.match(/\s*$/)[0]];
        yield () => (node.data = `${before}${t(english)}${after}`);
      }
    } else {
      for (const name of ATTRIBUTES.filter((one) => node.hasAttribute(one))) {
        const english = node.getAttribute(name);
        yield () => node.setAttribute(name, t(english));
      }
    }
  }
}
