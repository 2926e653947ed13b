// What a reader changes on the picture: greys, orientation, what is drawn over it; the ruler and the magnifier.

import { isOpen, openDrawer } from "./drawers.js";
import { Greys } from "./greys.js";
import { number } from "./language.js";
import { Lens } from "./lens.js";
import { lettersOf } from "./orientation.js";
import { Ruler } from "./ruler.js";

const find = (selector) => document.querySelector(selector);

const EDGES = ["top", "right", "bottom", "left"];
const LAYERS = ["outline", "fill", "heat"];

export class Reading {
  #study = null;
  #viewer;
  #toolbox;
  #greys = new Greys({ onChange: () => this.#showGreys() });
  #keys = {
    i: () => this.#greys.invert(),
    r: () => this.#turn((orientation) => orientation.turn(1)),
    l: () => this.#turn((orientation) => orientation.turn(3)),
    h: () => this.#turn((orientation) => orientation.mirror()),
    v: () => this.#turn((orientation) => orientation.flip()),
    g: () => this.#fitLungs(),
    o: () => this.#toggle("outline"),
    f: () => this.#toggle("fill"),
    t: () => this.#toggle("heat"),
  };

  constructor({ viewer, toolbox }) {
    this.#viewer = viewer;
    toolbox.add("window", this.#greys);
    toolbox.add("magnifier", new Lens(viewer));
    toolbox.add("ruler", new Ruler(this));
    this.#toolbox = toolbox;
    this.#attach();
  }

  show(study) {
    const other = study !== this.#study;
    this.#study = study;
    if (other) {
      this.#greys.reset();
      find("#gamma").value = "1";
      find("#preset").value = "full";
      this.#toolbox.tool?.leave?.();
    }
    find("#fit-lungs").disabled = study?.state !== "done";
    this.#showEdges();
  }

  /** How the picture is looked at: its greys, its turns and the part that is seen. */
  get look() {
    return { greys: this.#greys.values, preset: find("#preset").value, place: this.#viewer.place };
  }

  set look({ greys, preset, place }) {
    find("#preset").value = preset;
    find("#gamma").value = greys.gamma;
    this.#greys.take(greys);
    this.#viewer.place = place;
    this.#showEdges();
  }

  get marks() {
    return this.#viewer.marks;
  }

  get middle() {
    return this.#viewer.middle;
  }

  get image() {
    return this.#study.answer.image;
  }

  /** Shows the ruler's length. */
  say(text) {
    find("#ruler-length").textContent = text;
    find("#ruler-length").hidden = text === "";
  }

  /** Keys of the radiograph; whether one was meant. */
  press(key) {
    const act = this.#keys[key.toLowerCase()];
    act?.();
    return Boolean(act);
  }

  #attach() {
    find("#adjust").addEventListener("click", () => {
      openDrawer(isOpen("#adjust") ? null : "#adjust");
    });
    for (const button of document.querySelectorAll("[data-turn]")) {
      button.addEventListener("click", () => this.press(button.dataset.turn));
    }
    find("#preset").addEventListener("change", () => this.#greys.preset(find("#preset").value));
    find("#gamma").addEventListener("input", () => this.#greys.setGamma(Number(find("#gamma").value)));
    find("#reset").addEventListener("click", () => this.#reset());
    for (const layer of LAYERS) {
      find(`#show-${layer}`).addEventListener("click", () => this.#toggle(layer));
      find(`#${layer}-opacity`).addEventListener("input", () => this.#showOpacity(layer));
      this.#showOpacity(layer);
    }
  }

  #reset() {
    this.#greys.reset();
    find("#gamma").value = "1";
    find("#preset").value = "full";
    this.#turn((orientation) => orientation.reset());
  }

  #turn(change) {
    this.#viewer.turn(change);
    this.#showEdges();
  }

  #fitLungs() {
    const boxes = Object.values(this.#study?.state === "done" ? this.#study.lungs : {}).filter(Boolean);
    if (boxes.length) {
      this.#viewer.fitBoxes(boxes.map((lung) => lung.box));
    }
  }

  #toggle(layer) {
    const button = find(`#show-${layer}`);
    button.setAttribute("aria-pressed", String(!isPressed(button)));
    this.#showOpacity(layer);
    if (layer === "heat") {
      this.#viewer.showHeat(isPressed(button));
    }
  }

  #showOpacity(layer) {
    const percent = Number(find(`#${layer}-opacity`).value);
    const shown = isPressed(find(`#show-${layer}`));
    find(`#${layer}-opacity-shown`).textContent = `${percent} %`;
    find("#panes").style.setProperty(`--${layer}`, shown ? percent / 100 : 0);
  }

  #showGreys() {
    const table = this.#greys.table.join(" ");
    for (const channel of document.querySelectorAll("#greys > *  > *")) {
      channel.setAttribute("tableValues", table);
    }
    find("#panes").toggleAttribute("data-greys", !this.#greys.isPlain);
    find("#invert").setAttribute("aria-pressed", String(this.#greys.inverted));
    find("#gamma-shown").textContent = number(this.#greys.gamma, 1);
    this.#showMarks();
  }

  /** What the picture is not as it came. */
  #showMarks() {
    const words = [this.#viewer.orientation.words, this.#greys.words].filter(Boolean).join(". ");
    find("#stage-marks").textContent = words;
    find("#stage-marks").hidden = words === "";
  }

  /** The letters of the patient's sides where they are seen. */
  #showEdges() {
    const image = this.#study?.answer?.image;
    const letters = image ? lettersOf(image) : ["", "", "", ""];
    this.#viewer.orientation.edges.forEach((edge, place) => {
      const shown = find(`#edge-${EDGES[place]}`);
      shown.hidden = letters[edge] === "";
      shown.textContent = letters[edge];
    });
    this.#showMarks();
  }
}

function isPressed(button) {
  return button.getAttribute("aria-pressed") === "true";
}
