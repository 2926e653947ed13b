// COCO's compressed run lengths, which pycocotools reads.

/** The mask of labels as `{ size: [height, width], counts }`: runs of background and lung in turn, down the columns. */
export function cocoRle({ width, height, data }) {
  const counts = [];
  let [lung, length] = [false, 0];
  for (let x = 0; x < width; x += 1) {
    for (let y = 0; y < height; y += 1) {
      if (data[y * width + x] > 0 !== lung) {
        counts.push(length);
        [lung, length] = [!lung, 0];
      }
      length += 1;
    }
  }
  counts.push(length);
  return { size: [height, width], counts: compress(counts) };
}

/** Differences to the run before the last, in groups of five bits, the lowest first; a sixth says that more follow. */
function compress(counts) {
  let text = "";
  counts.forEach((count, i) => {
    let value = i > 2 ? count - counts[i - 2] : count;
    for (let more = true; more; ) {
      let group = value & 0x1f;
      value >>= 5;
      more = group & 0x10 ? value !== -1 : value !== 0;
      group |= more ? 0x20 : 0;
      text += String.fromCharCode(group + 48);
    }
  });
  return text;
}
