// Pixels over which outlines are drawn, of the one study that is looked at: a browser keeps up to 512 MB of what <image> elements decoded.

export class Film extends EventTarget {
  #owner = null;
  #source = null;
  #bitmap = null;
  #decode;

  /** `decode(source)` makes a bitmap, or null where there is none. */
  constructor(decode) {
    super();
    this.#decode = decode;
  }

  /** Decodes what an owner shows, and says with a "change" event that it can be painted; null lets go of the pixels. */
  show(owner, source) {
    if (owner !== this.#owner) {
      this.#owner = owner;
      this.#take(null);
    }
    if (source !== this.#source) {
      this.#source = source;
      this.#read(source);
    }
  }

  get isThere() {
    return this.#bitmap !== null;
  }

  /** Paints the pixels at `size`, turned by `matrix`, where `box` (x, y, width, height) of the turned image fills the canvas. */
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

  /** Until they are decoded, the owner's pixels before these stay. */
  async #read(source) {
    const bitmap = source && (await this.#decode(source));
    if (source === this.#source) {
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
