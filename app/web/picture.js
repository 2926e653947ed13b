// From a file to a picture that a screen can show, and its thumbnail.

const THUMBNAIL = { width: 144, height: 112 };

/** The picture of a file that the browser reads by itself; null if it does not. */
export async function fromBrowser(file) {
  try {
    return await fromBlob(file);
  } catch {
    return null;
  }
}

/** The picture of an image that the browser is sure to read. */
export async function fromBlob(blob) {
  const bitmap = await createImageBitmap(blob);
  const { width, height } = bitmap;
  const thumbnail = await createImageBitmap(bitmap, fitted(width, height));
  bitmap.close();
  return { blob, width, height, thumbnail };
}

/** Draws a thumbnail in the middle of a canvas. */
export function drawThumbnail(canvas, thumbnail) {
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  const left = Math.round((canvas.width - thumbnail.width) / 2);
  const top = Math.round((canvas.height - thumbnail.height) / 2);
  context.drawImage(thumbnail, left, top);
}

function fitted(width, height) {
  const scale = Math.min(THUMBNAIL.width / width, THUMBNAIL.height / height);
  return {
    resizeWidth: Math.max(1, Math.round(width * scale)),
    resizeHeight: Math.max(1, Math.round(height * scale)),
    resizeQuality: "high",
  };
}
