// The images that are open, side by side.

import { drawThumbnail } from "./picture.js";
import { standing } from "./words.js";

const find = (selector) => document.querySelector(selector);

export class Strip {
  #items = new Map();
  #onOpen;
  #onRemove;

  constructor({ onOpen, onRemove }) {
    this.#onOpen = onOpen;
    this.#onRemove = onRemove;
  }

  /** Shows studies; those that are shown already keep their element, and with it the focus. */
  show(studies, current) {
    find("#strip").hidden = studies.length === 0;
    for (const [study, item] of this.#items) {
      if (!studies.includes(study)) {
        item.element.remove();
        this.#items.delete(study);
      }
    }
    for (const study of studies) {
      if (!this.#items.has(study)) {
        this.#items.set(study, this.#make(study));
      }
      this.#update(study, this.#items.get(study), study === current);
    }
  }

  #make(study) {
    const element = find("#strip-item").content.cloneNode(true).firstElementChild;
    const open = element.querySelector(".open");
    const remove = element.querySelector(".remove");
    element.querySelector(".strip-name").textContent = study.name;
    open.title = study.name;
    remove.setAttribute("aria-label", `Close ${study.name}`);
    open.addEventListener("click", () => this.#onOpen(study));
    remove.addEventListener("click", () => {
      const neighbour = element.nextElementSibling ?? element.previousElementSibling;
      this.#onRemove(study);
      (neighbour?.querySelector(".open") ?? find("#invitation button")).focus();
    });
    find("#strip-items").append(element);
    return { element, open, thumbnail: null, current: false };
  }

  #update(study, item, isCurrent) {
    item.element.dataset.state = study.standing;
    item.element.querySelector(".strip-state").textContent = standing(study.standing);
    if (isCurrent) {
      item.open.setAttribute("aria-current", "true");
    } else {
      item.open.removeAttribute("aria-current");
    }
    if (isCurrent && !item.current) {
      item.element.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
    item.current = isCurrent;
    const thumbnail = study.picture?.thumbnail ?? null;
    if (thumbnail !== null && thumbnail !== item.thumbnail) {
      item.thumbnail = thumbnail;
      drawThumbnail(item.element.querySelector("canvas"), thumbnail);
    }
  }
}
