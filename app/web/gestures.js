// Wheel, drag and pinch: from what hands do to a view, or to the tool that they hold.

const STEP = 1.25;

/**
 * Lets an element's user move a view or work with a tool.
 *
 * `hand.tool` is the tool that is held, or null; it has `begin`, `move`, `end` and `cancel`, and perhaps `hover`, `leave` and `press`.
 * It gets points of the image, and of the stage beside them; `hand.locate` gives the one for the other.
 */
export function attachGestures(element, view, hand) {
  attachWheel(element, view);
  attachPointers(element, view, hand);
  element.addEventListener("dblclick", (event) => {
    if (hand.tool === null) {
      view.zoom(2, pointOf(element, event));
    }
  });
}

export function zoomIn(view) {
  view.zoom(STEP);
}

export function zoomOut(view) {
  view.zoom(1 / STEP);
}

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

function attachPointers(element, view, hand) {
  const pointers = new Map();
  let stroke = null;

  element.addEventListener("pointerdown", (event) => {
    if (event.button > 1) {
      return;
    }
    element.setPointerCapture(event.pointerId);
    const point = pointOf(element, event);
    pointers.set(event.pointerId, point);
    // A second finger moves the view; so does the middle button.
    if (pointers.size > 1) {
      stroke?.cancel();
      stroke = null;
    } else if (event.button === 0 && hand.tool !== null) {
      stroke = hand.tool;
      stroke.begin(hand.locate(point), point);
    }
  });

  element.addEventListener("pointermove", (event) => {
    if (!pointers.has(event.pointerId)) {
      const point = pointOf(element, event);
      hand.tool?.hover?.(hand.locate(point), point);
      return;
    }
    if (stroke !== null) {
      const steps = event.getCoalescedEvents();
      for (const step of steps.length ? steps : [event]) {
        const point = pointOf(element, step);
        stroke.move(hand.locate(point), point);
      }
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

  element.addEventListener("pointerup", (event) => {
    pointers.delete(event.pointerId);
    stroke?.end();
    stroke = null;
  });
  element.addEventListener("pointercancel", (event) => {
    pointers.delete(event.pointerId);
    stroke?.cancel();
    stroke = null;
  });
  element.addEventListener("pointerleave", () => hand.tool?.leave?.());
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
