// What went wrong, in the page's language.

import { coded, mark, t } from "./language.js";

const SERVICE = "urn:pleura:problem:";
const PAGE = "urn:pleura:page:";

/** Texts for errors without a problem document. */
const OWN = {
  "no-answer": [
    mark("The service does not answer"),
    mark("Check that it runs, that this computer can reach it, and that the file is still where it was; then try again."),
  ],
  "no-reason": [mark("The service gave no reason"), mark("It answered with status {status}: try again, or tell whoever runs it.")],
};

/** Statuses after which a retry may succeed. 0: there was no response. */
const PASSING = new Set([0, 401, 408, 429, 500, 502, 503, 504, 507]);

/** A problem document (`application/problem+json`). `passing`: a retry may succeed. */
export class Problem extends Error {
  constructor({ type = "", title, status, detail }) {
    super(detail);
    Object.assign(this, { type: String(type), title, status, detail, passing: PASSING.has(status) });
  }

  /** One that the page itself found: "no-answer" or "no-reason". */
  static own(code, status) {
    const [title, detail] = OWN[code];
    return new Problem({ type: `${PAGE}${code}`, title, status, detail: detail.replace("{status}", status) });
  }
}

/**
 * A problem's `title` and `detail` in the page's language. `message` is the service's own sentence where `detail` is not: it knows more
 * of the case. Any error is taken, also one of the page's scripts.
 */
export function wordsOf({ type = "", title, status, detail }) {
  if (type.startsWith(PAGE)) {
    const own = OWN[type.replace(PAGE, "")];
    return { title: t(own[0]), detail: t(own[1], { status }), message: "" };
  }
  const found = coded("problems", type.replace(SERVICE, ""));
  if (found) {
    return { title: found[0], detail: found[1], message: detail };
  }
  return { title: title ?? t("Something went wrong on this page"), detail: detail ?? t("Reload the page and try again."), message: "" };
}

/** A problem in a line. */
export function lineOf(problem) {
  const { title, detail } = wordsOf(problem);
  return `${title}. ${detail}`;
}

/** Shows a problem: its title in one element, in another what to do, and the service's own sentence. */
export function showProblem(problem, { titleIn, detailIn }) {
  const { title, detail, message } = wordsOf(problem);
  titleIn.textContent = title;
  detailIn.replaceChildren(detail, ...(message ? [quoted(message)] : []));
}

function quoted(message) {
  const line = document.createElement("small");
  const quote = document.createElement("q");
  quote.lang = "en";
  quote.textContent = message;
  line.className = "original";
  line.append(t("The service says:"), " ", quote);
  return line;
}
