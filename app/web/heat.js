// The network's probability of lung as a map of colours over the radiograph, asked for when it is switched on.

import { render } from "./api.js";

/** The map is finer than the network's own grid, and small whatever the image's size. */
const LARGEST_SIDE = 512;

/** From 0 to 1: dark blue, purple, orange, light yellow; brighter is more probable for those who see no colours. */
const COLOURS = [
  [4, 6, 60],
  [110, 20, 130],
  [230, 90, 40],
  [250, 250, 160],
];

/** The map of a study as a bitmap of colours. */
export async function heatMap(study) {
  study.heat ??= await askFor(study.file);
  const greys = await createImageBitmap(study.heat);
  const { width, height } = greys;
  const context = contextOf(width, height);
  context.drawImage(greys, 0, 0);
  greys.close();
  const pixels = context.getImageData(0, 0, width, height);
  for (let i = 0; i < pixels.data.length; i += 4) {
    pixels.data.set(TABLE[pixels.data[i]], i);
  }
  return createImageBitmap(pixels);
}

/** The map as a small grey PNG. */
async function askFor(file) {
  const whole = await createImageBitmap(await render(file, "probability"));
  const scale = Math.min(1, LARGEST_SIDE / Math.max(whole.width, whole.height));
  const [width, height] = [whole.width, whole.height].map((side) => Math.max(1, Math.round(side * scale)));
  const context = contextOf(width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(whole, 0, 0, width, height);
  whole.close();
  return context.canvas.convertToBlob({ type: "image/png" });
}

function contextOf(width, height) {
  return new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
}

/** Colour and opacity of each grey: what is less probable than a tenth does not hide the radiograph. */
const TABLE = Array.from({ length: 256 }, (_, grey) => {
  const place = (grey / 255) * (COLOURS.length - 1);
  const first = Math.min(COLOURS.length - 2, Math.floor(place));
  const colour = [0, 1, 2].map((channel) => {
    const [from, to] = [COLOURS[first][channel], COLOURS[first + 1][channel]];
    return Math.round(from + (to - from) * (place - first));
  });
  return [...colour, Math.min(255, grey * 10)];
});
