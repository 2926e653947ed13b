// The outlines of lungs and heart as SVG. Coordinates are the image's pixels.

const SVG = "http://www.w3.org/2000/svg";
const PARTS = ["fill", "casing", "line"];

/** Shapes of a GeoJSON collection: `lung`, "right", "left" or "heart", and `d`, the path. */
export function shapesOf(collection) {
  return collection.features.map(({ id, geometry }) => ({ lung: id, d: pathOf(geometry) }));
}

/** Draws shapes in a layer: of each its area, the line, and a dark one below it that sets it off from bright bone. */
export function drawOutlines(layer, shapes) {
  const groups = shapes.map(({ lung, d }) => {
    const group = layer.querySelector(`:scope > .outline[data-lung=${lung}]`) ?? create(lung);
    for (const part of group.children) {
      part.setAttribute("d", d);
    }
    return group;
  });
  if (layer.children.length !== groups.length || groups.some((group, i) => group !== layer.children[i])) {
    layer.replaceChildren(...groups);
  }
}

/** A ring of points [x, y] as an SVG path; the last goes back to the first. */
export function ringPath(ring) {
  return `M${ring.map((point) => point.join(" ")).join("L")}Z`;
}

function pathOf({ coordinates }) {
  // GeoJSON repeats the first point at the end.
  return coordinates.flat().map((ring) => ringPath(ring.slice(0, -1))).join("");
}

function create(lung) {
  const group = document.createElementNS(SVG, "g");
  group.classList.add("outline");
  group.dataset.lung = lung;
  for (const part of PARTS) {
    const path = document.createElementNS(SVG, "path");
    path.classList.add(part);
    group.append(path);
  }
  return group;
}
