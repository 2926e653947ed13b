// The radiograph with the outlines that are looked at, as a picture.

/** A PNG at the image's size. */
export async function outlined(study) {
  const { width, height } = study.answer.image;
  const picture = await createImageBitmap(study.picture.blob);
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0, width, height);
  picture.close();
  context.lineJoin = "round";
  context.lineWidth = Math.max(1, Math.min(width, height) / 300);
  const style = getComputedStyle(document.documentElement);
  for (const { lung, d } of study.shapes) {
    context.strokeStyle = style.getPropertyValue(`--${lung}`);
    context.stroke(new Path2D(d));
  }
  return canvas.convertToBlob({ type: "image/png" });
}
