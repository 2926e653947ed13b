// The lungs' outlines, from GeoJSON to SVG. Coordinates are the image's pixels in both.

const SVG = "http://www.w3.org/2000/svg";

/** A group for each lung: the line, and a dark one below it that sets it off from bright bone. */
export function drawOutlines(collection) {
  return collection.features.map((feature) => {
    const group = document.createElementNS(SVG, "g");
    group.classList.add("outline");
    group.dataset.lung = feature.id;
    const d = pathOf(feature.geometry);
    group.append(path(d, "casing"), path(d, "line"));
    return group;
  });
}

/** A MultiPolygon as an SVG path. */
export function pathOf({ coordinates }) {
  return coordinates.flat().map(ringPath).join("");
}

function ringPath(ring) {
  // GeoJSON repeats the first point at the end; Z goes back to it.
  return `M${ring.slice(0, -1).map((point) => point.join(" ")).join("L")}Z`;
}

function path(d, name) {
  const element = document.createElementNS(SVG, "path");
  element.classList.add(name);
  element.setAttribute("d", d);
  return element;
}
