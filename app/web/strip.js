// The images that are open, side by side.

import { t } from "./language.js";
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

  /** Shows the `listed` ones of studies; those that are shown already keep their element, and with it the focus. */
  show(studies, listed, current) {
    find("#strip").hidden = studies.length === 0;
    const shown = new Set(listed);
    for (const [study, item] of this.#items) {
      if (!shown.has(study)) {
        item.element.remove();
        this.#items.delete(study);
      }
    }
    const list = find("#strip-items");
    listed.forEach((study, place) => {
      if (!this.#items.has(study)) {
        this.#items.set(study, this.#make(study));
      }
      const item = this.#items.get(study);
      if (list.children[place] !== item.element) {
        list.insertBefore(item.element, list.children[place] ?? null);
      }
      this.#update(study, item, study === current);
    });
  }

  #make(study) {
    const element = find("#strip-item").content.cloneNode(true).firstElementChild;
    const open = element.querySelector(".open");
    const remove = element.querySelector(".remove");
    element.querySelector(".strip-name").textContent = study.name;
    open.title = study.name;
    open.addEventListener("click", () => this.#onOpen(study));
    remove.addEventListener("click", () => {
      const neighbour = element.nextElementSibling ?? element.previousElementSibling;
      this.#onRemove(study);
      (neighbour?.querySelector(".open") ?? find("#invitation button")).focus();
    });
    return { element, open, remove, thumbnail: null, current: false };
  }

  #update(study, item, isCurrent) {
    item.element.dataset.state = study.standing;
    item.remove.setAttribute("aria-label", t("Close {name}", { name: study.name }));
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
