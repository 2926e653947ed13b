// A label map of the image's size: 0 background, 1 the right lung, 2 the left lung, a byte for each pixel.

import { fillRings } from "./polygon.js";

export const LABELS = { right: 1, left: 2 };

export class Labels {
  constructor(width, height, data = new Uint8Array(width * height)) {
    this.width = width;
    this.height = height;
    this.data = data;
  }

  /** The labels whose outlines the service sent. */
  static fromOutlines(collection, { width, height }) {
    const labels = new Labels(width, height);
    for (const { id, geometry } of collection.features.filter((feature) => feature.id in LABELS)) {
      fillRings(labels, geometry.coordinates.flat(), LABELS[id]);
    }
    return labels;
  }

  /** The labels that `pack` wrote. */
  static unpack(runs, { width, height }) {
    const labels = new Labels(width, height);
    let start = 0;
    for (const run of runs) {
      const end = start + (run >>> 2);
      if (run & 3) {
        labels.data.fill(run & 3, start, end);
      }
      start = end;
    }
    return labels;
  }

  /** Runs of equal labels, row by row: length times four plus the label. */
  pack() {
    const { data } = this;
    const runs = [];
    let start = 0;
    for (let i = 1; i <= data.length; i += 1) {
      if (i === data.length || data[i] !== data[start]) {
        runs.push((i - start) * 4 + data[start]);
        start = i;
      }
    }
    return Uint32Array.from(runs);
  }

  at(x, y) {
    const column = Math.floor(x);
    const row = Math.floor(y);
    const inside = column >= 0 && row >= 0 && column < this.width && row < this.height;
    return inside ? this.data[row * this.width + column] : 0;
  }

  /** Area, box and centroid of one lung in pixels, as the service measures them; null where it has no pixel. */
  measure(label) {
    const { data, width, height } = this;
    let [area, sumX, sumY] = [0, 0, 0];
    let [left, top, right, bottom] = [width, height, -1, -1];
    for (let y = 0, i = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1, i += 1) {
        if (data[i] === label) {
          area += 1;
          sumX += x;
          sumY += y;
          left = x < left ? x : left;
          right = x > right ? x : right;
          top = y < top ? y : top;
          bottom = y;
        }
      }
    }
    if (area === 0) {
      return null;
    }
    return {
      area_px: area,
      box: [left, top, right - left + 1, bottom - top + 1],
      centroid: [sumX / area, sumY / area],
    };
  }
}
