// The pixels of the radiograph that is looked at. Only they are decoded: a browser keeps what an <image> element decoded, up to 512 MB.

export class Film extends EventTarget {
  #study = null;
  #blob = null;
  #bitmap = null;

  /** Decodes a study's picture, and says with a "change" event that it can be painted; null lets go of the pixels. */
  show(study) {
    const blob = study?.picture?.blob ?? null;
    if (study !== this.#study) {
      this.#take(null);
    }
    this.#study = study;
    if (blob !== this.#blob) {
      this.#blob = blob;
      this.#decode(blob);
    }
  }

  get isThere() {
    return this.#bitmap !== null;
  }

  /** Paints the picture at `size`, turned by `matrix`, where `box` (x, y, width, height) of the turned image fills the canvas. */
  paint(canvas, { size, matrix, box: [left, top, width, height] }) {
    const context = canvas.getContext("2d");
    context.resetTransform();
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (this.#bitmap !== null) {
      context.imageSmoothingQuality = "high";
      context.scale(canvas.width / width, canvas.height / height);
      context.translate(-left, -top);
      context.transform(matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f);
      context.drawImage(this.#bitmap, 0, 0, size.width, size.height);
    }
  }

  /** Until it is decoded, the study's picture before this one stays. */
  async #decode(blob) {
    const bitmap = blob && (await createImageBitmap(blob));
    if (blob === this.#blob) {
      this.#take(bitmap);
    } else {
      bitmap?.close();
    }
  }

  #take(bitmap) {
    this.#bitmap?.close();
    this.#bitmap = bitmap;
    this.dispatchEvent(new Event("change"));
  }
}

/** Gives a canvas a pixel for each of the screen's; changing its size clears it. */
export function fitCanvas(canvas, width, height) {
  const [columns, rows] = [width, height].map((side) => Math.max(1, Math.round(side * globalThis.devicePixelRatio)));
  if (canvas.width !== columns || canvas.height !== rows) {
    canvas.width = columns;
    canvas.height = rows;
  }
}
