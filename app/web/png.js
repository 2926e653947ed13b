// Grey PNG files of eight bits, as every reader takes them: what a canvas writes has colours and transparency.

import { crc32 } from "./crc.js";

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** The mask of labels: 255 is lung, 0 is background. */
export function maskPng(labels) {
  return greyPng(labels, (label) => (label ? 255 : 0));
}

/** The labels themselves: 0, 1 and 2. */
export function labelsPng(labels) {
  return greyPng(labels, (label) => label);
}

async function greyPng({ width, height, data }, grey) {
  // Each row begins with its filter: 0, none.
  const rows = new Uint8Array((width + 1) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      rows[y * (width + 1) + 1 + x] = grey(data[y * width + x]);
    }
  }
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, 8);
  const parts = [
    chunk("IHDR", new Uint8Array(header.buffer)),
    chunk("IDAT", await deflate(rows)),
    chunk("IEND", new Uint8Array()),
  ];
  return new Blob([SIGNATURE, ...parts.flat()], { type: "image/png" });
}

async function deflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function chunk(name, bytes) {
  const kind = new TextEncoder().encode(name);
  return [word(bytes.length), kind, bytes, word(crc32(kind, bytes))];
}

function word(value) {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, value);
  return new Uint8Array(view.buffer);
}
