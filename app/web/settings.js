// How the radiographs are looked at, for a reload of the tab: what is on, the values, the tool, the part that is seen.

const find = (selector) => document.querySelector(selector);

const KEPT_AS = "pleura-view";
const SWITCHES = { "show-outline": "aria-pressed", "show-fill": "aria-pressed", "show-heat": "aria-pressed", adjust: "aria-expanded", correct: "aria-expanded" };
const VALUES = { "outline-opacity": "input", "fill-opacity": "input", "heat-opacity": "input", "brush-size": "input", filter: "change", sort: "change" };
const CHOICES = ["layout", "layer", "tool", "side"];

export class Settings {
  #kept = read();
  #reading;

  constructor({ studies, reading }) {
    this.#reading = reading;
    addEventListener("pagehide", () => keep(studies.items.length ? { current: studies.current?.key, ...this.#all() } : null));
  }

  /** The key of the study that was looked at. */
  get current() {
    return this.#kept?.current;
  }

  /** Puts everything as it was when the page was left. */
  apply() {
    const { switches, values, choices, look } = this.#kept;
    for (const [id, state] of Object.entries(switches)) {
      if (find(`#${id}`).getAttribute(SWITCHES[id]) !== state) {
        find(`#${id}`).click();
      }
    }
    for (const [id, value] of Object.entries(values)) {
      find(`#${id}`).value = value;
      find(`#${id}`).dispatchEvent(new Event(VALUES[id]));
    }
    for (const [name, value] of Object.entries(choices)) {
      const radio = find(`input[name=${name}][value="${value}"]`);
      radio.checked = true;
      radio.dispatchEvent(new Event("change"));
    }
    this.#reading.look = look;
  }

  #all() {
    const each = (names, value) => Object.fromEntries(names.map((name) => [name, value(name)]));
    return {
      switches: each(Object.keys(SWITCHES), (id) => find(`#${id}`).getAttribute(SWITCHES[id])),
      values: each(Object.keys(VALUES), (id) => find(`#${id}`).value),
      choices: each(CHOICES, (name) => find(`input[name=${name}]:checked`).value),
      look: this.#reading.look,
    };
  }
}

/** What was kept; null where nothing was, or where the browser keeps nothing. */
function read() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT_AS));
  } catch {
    return null;
  }
}

function keep(all) {
  try {
    if (all === null) {
      sessionStorage.removeItem(KEPT_AS);
    } else {
      sessionStorage.setItem(KEPT_AS, JSON.stringify(all));
    }
  } catch {
    // The view is then the usual one after a reload.
  }
}
