// Which tool the hand holds. One at a time; "pan" is none.

const radios = () => [...document.querySelectorAll("input[name=tool]")];

export class Toolbox extends EventTarget {
  #tools = new Map();

  constructor() {
    super();
    for (const radio of radios()) {
      radio.addEventListener("change", () => this.#changed());
    }
  }

  add(name, tool) {
    this.#tools.set(name, tool);
  }

  get name() {
    return radios().find((radio) => radio.checked)?.value ?? "pan";
  }

  /** The tool that is held; null where dragging moves the view. */
  get tool() {
    return this.#tools.get(this.name) ?? null;
  }

  choose(name) {
    const radio = radios().find((one) => one.value === name);
    if (radio) {
      radio.checked = true;
      this.#changed();
    }
  }

  /** Takes the tool whose letter this is; whether there is one. */
  press(key) {
    const radio = radios().find((one) => one.dataset.key === key.toLowerCase() && !one.matches(":disabled"));
    if (radio) {
      this.choose(radio.value);
    }
    return Boolean(radio);
  }

  #changed() {
    for (const tool of this.#tools.values()) {
      tool.leave?.();
    }
    this.dispatchEvent(new Event("change"));
  }
}
