// Radiographs that come back after a reload: what is written to the vault, what is brought back, and what the page says of it.

import { t } from "./language.js";
import { Study } from "./study.js";
import { Vault } from "./vault.js";

const find = (selector) => document.querySelector(selector);

const MB = 1e6;
const MOST_BYTES = 500 * MB;
const NAMED = 2;

export class Keeping {
  #studies;
  #vault = null;
  #kept = new Map();
  #room = MOST_BYTES;
  #isWriting = false;
  #isStale = false;
  #isRefused = false;
  #isReady = false;

  constructor(studies) {
    this.#studies = studies;
    studies.addEventListener("change", () => this.#write());
    find("#forget").addEventListener("click", () => {
      studies.clear();
      find("#invitation button").focus();
    });
  }

  /** Brings back what was kept; the study with the key `current` is looked at. */
  async restore(current) {
    try {
      this.#vault = await Vault.open();
      const found = await this.#read();
      this.#studies.bring(found, found.find((study) => study.key === current) ?? found[0]);
    } catch {
      this.#refuse();
    }
    this.#isReady = true;
    this.#write();
  }

  /** The picture that the service made of a study; null where it is not kept. */
  async picture(study) {
    try {
      const blob = (await this.#vault?.get(study.key, "picture")) ?? null;
      if (blob !== null && this.#kept.has(study)) {
        this.#kept.get(study).picture = blob;
      }
      return blob;
    } catch {
      return null;
    }
  }

  async #read() {
    const kept = [];
    for (const key of await this.#vault.things()) {
      try {
        const [file, state, heat] = await Promise.all(["file", "state", "heat"].map((part) => this.#vault.get(key, part)));
        kept.push({ key, file, heat, ...JSON.parse(await state.text()) });
      } catch {
        // It was being written when the page was left.
        await this.#vault.remove(key);
      }
    }
    return kept.sort((a, b) => a.id - b.id).map((one) => this.#revive(one));
  }

  #revive(kept) {
    const study = Study.restored(kept);
    const bytes = study.file.size + (study.heat?.size ?? 0);
    this.#kept.set(study, { file: study.file, heat: study.heat, state: signature(study), bytes, made: null, isMissing: false });
    return study;
  }

  /** Writes what has changed, and again what changes meanwhile. */
  async #write() {
    this.#isStale = true;
    this.#note();
    this.#show();
    if (this.#isWriting || !this.#isReady) {
      return;
    }
    this.#isWriting = true;
    try {
      while (this.#isStale && this.#vault !== null) {
        this.#isStale = false;
        await this.#writeAll();
      }
    } catch {
      this.#refuse();
    }
    this.#isWriting = false;
    this.#show();
  }

  /** Remembers pictures until they are written: of many, the page lets go of those that the service made. */
  #note() {
    for (const study of this.#vault === null ? [] : this.#studies.items) {
      const blob = study.picture?.blob ?? null;
      if (blob !== null && blob !== study.file) {
        this.#entry(study).made = blob;
      }
    }
  }

  #entry(study) {
    if (!this.#kept.has(study)) {
      this.#kept.set(study, { bytes: 0, made: null, isMissing: false });
    }
    return this.#kept.get(study);
  }

  async #writeAll() {
    for (const study of [...this.#kept.keys()].filter((one) => !this.#studies.holds(one))) {
      this.#kept.delete(study);
      this.#room = MOST_BYTES;
      await this.#vault.remove(study.key);
    }
    if (this.#studies.items.length === 0) {
      await this.#vault.forget();
      return;
    }
    for (const study of [...this.#studies.items]) {
      if (this.#studies.holds(study)) {
        await this.#writeOne(study);
      }
    }
  }

  async #writeOne(study) {
    const kept = this.#entry(study);
    const { made } = kept;
    try {
      // Without its picture or map a study comes back too: the service makes them again.
      for (const [part, blob] of Object.entries({ file: study.file, picture: made, heat: study.heat })) {
        const fits = blob !== null && this.#bytes + blob.size <= this.#room;
        if (fits && kept[part] !== blob) {
          await this.#vault.put(study.key, part, blob);
          kept[part] = blob;
          kept.bytes += blob.size;
        }
      }
      kept.made = kept.made === made ? null : kept.made;
      kept.isMissing = !kept.file;
      if (kept.isMissing) {
        return;
      }
      const now = signature(study);
      if (now.some((one, i) => one !== kept.state?.[i])) {
        await this.#vault.put(study.key, "state", new Blob([JSON.stringify(study.kept)]));
        kept.state = now;
      }
    } catch (problem) {
      await this.#drop(study, problem);
    }
  }

  /** Keeps nothing of a study for which there is no room, or whose file is gone. */
  async #drop(study, problem) {
    if (!["QuotaExceededError", "NotReadableError", "NotFoundError"].includes(problem.name)) {
      throw problem;
    }
    await this.#vault.remove(study.key);
    this.#kept.set(study, { bytes: 0, made: null, isMissing: true });
    if (problem.name === "QuotaExceededError") {
      this.#room = this.#bytes;
    }
  }

  get #bytes() {
    return [...this.#kept.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  #refuse() {
    this.#isRefused = true;
    this.#vault?.forget().catch(() => {});
    this.#vault = null;
    this.#show();
  }

  #show() {
    const { items } = this.#studies;
    const missing = items.filter((study) => this.#kept.get(study)?.isMissing).map(({ name }) => name);
    const state = this.#isRefused ? "refused" : this.#isWriting || this.#isStale ? "writing" : missing.length ? "partly" : "kept";
    find("#kept").hidden = items.length === 0;
    find("#kept").dataset.state = state;
    const said = this.#isRefused ? t("This browser keeps no images here: a reload loses them.") : sentence(missing);
    if (find("#kept-said").textContent !== said) {
      find("#kept-said").textContent = said;
    }
  }
}

function sentence(missing) {
  if (missing.length === 0) {
    return t("Kept for a reload in this browser only, until the tab is closed.");
  }
  const more = missing.length > NAMED ? [t("{count} more", { count: missing.length - NAMED })] : [];
  return t("No room to keep for a reload: {names}", { names: [...missing.slice(0, NAMED), ...more].join(", ") });
}

/** What a study's state consists of: it is written again when one of these is another. */
function signature({ state, text, correction, showsOriginal, truth }) {
  return [state, text, correction?.step, showsOriginal, truth?.state];
}
