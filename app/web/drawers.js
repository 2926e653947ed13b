// The rows of tools that open one at a time: they take room from the radiograph.

const BUTTONS = ["#adjust", "#correct"];

/** Opens the row of a button, "#adjust" or "#correct", and closes the other; null closes both. */
export function openDrawer(opened) {
  for (const selector of BUTTONS) {
    const button = document.querySelector(selector);
    button.setAttribute("aria-expanded", String(selector === opened));
    const row = document.getElementById(button.getAttribute("aria-controls"));
    row.hidden = selector !== opened;
    if (row.hidden && row.querySelector("input[name=tool]:checked")) {
      // Nobody draws with a tool that is not seen.
      document.querySelector("input[name=tool][value=pan]").click();
    }
  }
}

export function isOpen(selector) {
  return document.querySelector(selector).getAttribute("aria-expanded") === "true";
}
