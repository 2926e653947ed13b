// Which part of an image is seen: a scale in screen pixels for each image pixel, and the image point in the stage's middle.

const CLOSEST = 40;

export class View extends EventTarget {
  #image = { width: 1, height: 1 };
  #stage = { width: 1, height: 1 };
  #scale = 1;
  #middle = { x: 0.5, y: 0.5 };
  #fitted = true;

  get scale() {
    return this.#scale;
  }

  /** Whether the whole image is seen, as large as the stage allows. */
  get fitted() {
    return this.#fitted;
  }

  /** The part of the image that the stage shows, in image pixels, as an SVG's viewBox. */
  get box() {
    const width = this.#stage.width / this.#scale;
    const height = this.#stage.height / this.#scale;
    return [this.#middle.x - width / 2, this.#middle.y - height / 2, width, height];
  }

  /** What a point of the stage shows, in image pixels. */
  locate({ x, y }) {
    const [left, top] = this.box;
    return { x: left + x / this.#scale, y: top + y / this.#scale };
  }

  /** The part that is seen, to be set again; null where that is the whole image. */
  get part() {
    return this.#fitted ? null : { scale: this.#scale, ...this.#middle };
  }

  set part(part) {
    if (part !== null) {
      this.#place(part.x, part.y, part.scale);
    }
  }

  setImage(width, height) {
    this.#image = { width, height };
    this.fit();
  }

  setStage(width, height) {
    this.#stage = { width: Math.max(1, width), height: Math.max(1, height) };
    if (this.#fitted) {
      this.fit();
    } else {
      this.#place(this.#middle.x, this.#middle.y, this.#scale);
    }
  }

  fit() {
    this.#place(this.#image.width / 2, this.#image.height / 2, this.#fitScale());
  }

  /** Shows a part of the image as large as the stage allows, with a little around it. */
  fitBox(left, top, right, bottom) {
    const scale = Math.min(this.#stage.width / (right - left), this.#stage.height / (bottom - top)) * 0.94;
    this.#place((left + right) / 2, (top + bottom) / 2, this.#clampScale(scale));
  }

  /** Zooms about a point of the stage, its middle if none is given. */
  zoom(factor, at = { x: this.#stage.width / 2, y: this.#stage.height / 2 }) {
    const scale = this.#clampScale(this.#scale * factor);
    const dx = at.x - this.#stage.width / 2;
    const dy = at.y - this.#stage.height / 2;
    const shift = 1 / this.#scale - 1 / scale;
    this.#place(this.#middle.x + dx * shift, this.#middle.y + dy * shift, scale);
  }

  /** One image pixel to one pixel of the screen. */
  showActualSize() {
    this.zoom(1 / globalThis.devicePixelRatio / this.#scale);
  }

  /** Moves the image by screen pixels. */
  pan(dx, dy) {
    this.#place(this.#middle.x - dx / this.#scale, this.#middle.y - dy / this.#scale, this.#scale);
  }

  /** Moves the image by a share of the stage. */
  panByShare(right, down) {
    this.pan(-right * this.#stage.width, -down * this.#stage.height);
  }

  #fitScale() {
    return Math.min(this.#stage.width / this.#image.width, this.#stage.height / this.#image.height);
  }

  #clampScale(scale) {
    return Math.min(Math.max(scale, Math.min(this.#fitScale(), 1)), Math.max(CLOSEST, this.#fitScale()));
  }

  #place(x, y, scale) {
    this.#scale = scale;
    this.#middle = {
      x: clampMiddle(x, this.#image.width, this.#stage.width / scale),
      y: clampMiddle(y, this.#image.height, this.#stage.height / scale),
    };
    this.#fitted = Math.abs(scale / this.#fitScale() - 1) < 1e-6;
    this.dispatchEvent(new Event("change"));
  }
}

/** Along one side: what is wholly seen stays centred, and what is not fills the stage. */
function clampMiddle(middle, image, seen) {
  if (seen >= image) {
    return image / 2;
  }
  return Math.min(Math.max(middle, seen / 2), image - seen / 2);
}
