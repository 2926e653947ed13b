// The list of keys: "?" opens and closes it, wherever the focus is, unless text is being typed.

const list = document.querySelector("#keys");

/** Whether keys are being typed into a field. */
export function isTyping(event) {
  return event.target.closest?.("input:not([type=radio], [type=checkbox], [type=range]), select, textarea, dialog") != null;
}

export function attachHelp() {
  document.addEventListener("keydown", (event) => {
    if (event.key === "?" && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event)) {
      event.preventDefault();
      list.togglePopover();
    }
  });
}
