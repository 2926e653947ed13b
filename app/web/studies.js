// The radiographs that are open, and which of them is looked at. Tells of every change with a "change" event.

import { Study } from "./study.js";

export class Studies extends EventTarget {
  #items = [];
  #current = null;

  get items() {
    return this.#items;
  }

  get current() {
    return this.#current;
  }

  /** Opens files; the first of them is looked at. */
  add(files, options) {
    const added = Array.from(files, (file) => new Study(file, options));
    if (added.length) {
      this.#items.push(...added);
      this.select(added[0]);
    }
  }

  /** Adds studies that a reload brought back; `current` is looked at, unless another one is already. */
  bring(studies, current) {
    if (studies.length) {
      this.#items.unshift(...studies);
      this.select(this.#current ?? current);
    }
  }

  select(study) {
    this.#current = study;
    this.changed();
  }

  remove(study) {
    const index = this.#items.indexOf(study);
    this.#items.splice(index, 1);
    study.close();
    if (study === this.#current) {
      this.#current = this.#items[index] ?? this.#items[index - 1] ?? null;
    }
    this.changed();
  }

  clear() {
    for (const study of this.#items) {
      study.close();
    }
    this.#items.length = 0;
    this.#current = null;
    this.changed();
  }

  holds(study) {
    return this.#items.includes(study);
  }

  changed() {
    this.dispatchEvent(new Event("change"));
  }
}
