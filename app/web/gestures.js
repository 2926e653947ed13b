// Wheel, drag, pinch and keys: from what hands do to a view.

const STEP = 1.25;
const PAN_SHARE = 0.1;

/** Lets an element's user move a view. `onKey` gets the keys that are none of the view's. */
export function attachGestures(element, view, { onKey }) {
  attachWheel(element, view);
  attachPointers(element, view);
  element.addEventListener("dblclick", (event) => view.zoom(2, pointOf(element, event)));
  element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (KEYS[event.key]) {
      event.preventDefault();
      KEYS[event.key](view);
    } else {
      onKey(event.key);
    }
  });
}

export function zoomIn(view) {
  view.zoom(STEP);
}

export function zoomOut(view) {
  view.zoom(1 / STEP);
}

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

function attachWheel(element, view) {
  element.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1);
      // A trackpad's pinch comes as a wheel with Ctrl and small steps.
      const speed = event.ctrlKey ? 0.01 : 0.0016;
      view.zoom(Math.exp(-pixels * speed), pointOf(element, event));
    },
    { passive: false },
  );
}

function attachPointers(element, view) {
  const pointers = new Map();

  element.addEventListener("pointerdown", (event) => {
    if (event.button === 0) {
      element.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, pointOf(element, event));
    }
  });

  element.addEventListener("pointermove", (event) => {
    if (!pointers.has(event.pointerId)) {
      return;
    }
    const before = spread([...pointers.values()]);
    pointers.set(event.pointerId, pointOf(element, event));
    const after = spread([...pointers.values()]);
    view.pan(after.x - before.x, after.y - before.y);
    if (before.width > 0 && after.width > 0) {
      view.zoom(after.width / before.width, after);
    }
  });

  for (const end of ["pointerup", "pointercancel"]) {
    element.addEventListener(end, (event) => pointers.delete(event.pointerId));
  }
}

/** The middle of some points, and how far the first two are from each other. */
function spread(points) {
  const x = points.reduce((sum, point) => sum + point.x, 0) / points.length;
  const y = points.reduce((sum, point) => sum + point.y, 0) / points.length;
  const [first, second] = points;
  return { x, y, width: second ? Math.hypot(first.x - second.x, first.y - second.y) : 0 };
}

function pointOf(element, event) {
  const box = element.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}
