// The list of keys: "?" opens and closes it. A checkbox in it says whether keys of one character work everywhere.

import { keep, kept } from "./choices.js";

const KEPT_AS = "pleura-keys";

const list = document.querySelector("#keys");
const everywhere = document.querySelector("#keys-everywhere");

/** Whether keys are being typed into a field. */
export function isTyping(event) {
  return event.target.closest?.("input:not([type=radio], [type=checkbox], [type=range]), select, textarea, dialog") != null;
}

/** Whether a key is switched off where it was pressed. WCAG 2.2, 2.1.4: speech input may press keys of one character by mistake. */
export function isOff({ key, target }) {
  return !everywhere.checked && key.length === 1 && target.closest?.(".view") == null;
}

export function attachHelp() {
  everywhere.checked = kept(KEPT_AS) !== "radiograph";
  everywhere.addEventListener("change", () => keep(KEPT_AS, everywhere.checked ? "everywhere" : "radiograph"));
  document.addEventListener("keydown", (event) => {
    if (event.key === "?" && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event) && !isOff(event)) {
      event.preventDefault();
      list.togglePopover();
    }
  });
}
