// Keys of the radiograph. They work wherever the focus is, unless the element in focus uses the key itself or keys of one character are
// switched off.

import { zoomIn, zoomOut } from "./gestures.js";
import { isOff, isTyping } from "./help.js";

const PAN_SHARE = 0.1;

const KEYS = {
  "+": zoomIn,
  "=": zoomIn,
  "-": zoomOut,
  0: (view) => view.fit(),
  1: (view) => view.showActualSize(),
  ArrowLeft: (view) => view.panByShare(-PAN_SHARE, 0),
  ArrowRight: (view) => view.panByShare(PAN_SHARE, 0),
  ArrowUp: (view) => view.panByShare(0, -PAN_SHARE),
  ArrowDown: (view) => view.panByShare(0, PAN_SHARE),
};

/** While the viewer shows an image, gives keys to the tool that is held, to the toolbox, to `others` and to the view. */
export function attachShortcuts({ viewer, toolbox, others }) {
  document.addEventListener("keydown", (event) => {
    if (viewer.view === null || isTyping(event) || isCommand(event) || isOff(event) || isTaken(event)) {
      return;
    }
    const { key } = event;
    const takers = [(one) => viewer.tool?.press?.(one), choose, ...others.map((other) => (one) => other.press(one)), move];
    if (takers.some((take) => take(key))) {
      event.preventDefault();
    }
  });

  function choose(key) {
    if (key === "Escape") {
      toolbox.choose("pan");
      return true;
    }
    const taken = toolbox.press(key);
    if (taken) {
      // The tool now gets arrow keys and Enter.
      viewer.focus();
    }
    return taken;
  }

  function move(key) {
    KEYS[key]?.(viewer.view);
    return Object.hasOwn(KEYS, key);
  }
}

/** Whether a key is the browser's or the system's. Brackets need Alt or AltGr on many keyboards, the German one among them. */
function isCommand(event) {
  const writes = event.getModifierState("AltGraph") || (event.altKey && !event.ctrlKey && "[]".includes(event.key));
  return event.metaKey || (!writes && (event.ctrlKey || event.altKey));
}

/** Whether something else than the radiograph takes a key: the list of keys, a control, or what scrolls. */
function isTaken({ key, target }) {
  if (key === "Escape") {
    return document.querySelector(":popover-open") !== null;
  }
  if (target.closest(".view")) {
    return false;
  }
  if (key === "Enter") {
    return target.closest("a, button, input, summary") !== null;
  }
  return key.startsWith("Arrow") && (target.closest("input") !== null || scrolls(target, ["ArrowLeft", "ArrowRight"].includes(key)));
}

/** Whether an element, or one around it, can be scrolled across or down. */
function scrolls(element, across) {
  for (let one = element; one !== null; one = one.parentElement) {
    const { overflowX, overflowY } = getComputedStyle(one);
    const [size, room, overflow] = across ? [one.scrollWidth, one.clientWidth, overflowX] : [one.scrollHeight, one.clientHeight, overflowY];
    if (size > room && (one === document.scrollingElement || ["auto", "scroll"].includes(overflow))) {
      return true;
    }
  }
  return false;
}
