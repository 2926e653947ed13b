// What this tab keeps in the browser for a reload: encrypted in IndexedDB, with a key that is forgotten when the tab is closed.

const DATABASE = "pleura";
const STORE = "kept";
const KEPT_AS = "pleura-tab";
const CIPHER = "AES-GCM";
/** A browser can open a tab again that was closed, with its key: not after ten minutes. */
const LONGEST_ABSENCE_MS = 600_000;
/** A tab that reloads is absent for a moment: what is kept is deleted as left behind only if its tab is absent twice. */
const SECOND_LOOK_MS = 10_000;

/** Parts of things, by the thing's name and the part's. Everything throws where the browser keeps nothing. */
export class Vault {
  #database;
  #tab = null;
  #key = null;

  /** Opens the vault. A tab that has kept nothing begins without a name and a key, and gets them with the first part. */
  static async open() {
    const vault = new Vault();
    vault.#database = await openDatabase();
    const kept = JSON.parse(sessionStorage.getItem(KEPT_AS));
    if (kept !== null) {
      await vault.#enter(kept);
      if (Date.now() - (kept.left ?? Infinity) > LONGEST_ABSENCE_MS) {
        await vault.forget();
      }
    }
    addEventListener("pagehide", () => vault.#leave());
    vault.#sweep().catch(() => {});
    return vault;
  }

  async put(thing, part, blob) {
    if (this.#key === null) {
      await this.#enter(newTab());
    }
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const bytes = await crypto.subtle.encrypt({ name: CIPHER, iv }, this.#key, await blob.arrayBuffer());
    await this.#do("readwrite", (store) => store.put({ iv, bytes }, [this.#tab, thing, part]));
  }

  /** A part as it was put; null where there is none. */
  async get(thing, part) {
    const kept = this.#key && (await this.#do("readonly", (store) => store.get([this.#tab, thing, part])));
    return kept ? new Blob([await crypto.subtle.decrypt({ name: CIPHER, iv: kept.iv }, this.#key, kept.bytes)]) : null;
  }

  /** The names of all things. */
  async things() {
    const keys = this.#key === null ? [] : await this.#do("readonly", (store) => store.getAllKeys(within(this.#tab)));
    return [...new Set(keys.map(([, thing]) => thing))];
  }

  async remove(thing) {
    if (this.#key !== null) {
      await this.#do("readwrite", (store) => store.delete(within(this.#tab, thing)));
    }
  }

  /** Deletes everything of this tab, and the key. */
  async forget() {
    const tab = this.#tab;
    sessionStorage.removeItem(KEPT_AS);
    this.#tab = this.#key = null;
    if (tab !== null) {
      await this.#do("readwrite", (store) => store.delete(within(tab)));
    }
  }

  async #enter({ tab, secret }) {
    const raw = Uint8Array.from(atob(secret), (letter) => letter.charCodeAt(0));
    const key = await crypto.subtle.importKey("raw", raw, CIPHER, false, ["encrypt", "decrypt"]);
    sessionStorage.setItem(KEPT_AS, JSON.stringify({ tab, secret }));
    // Held as long as the tab shows the page; a copy of the tab holds it too.
    navigator.locks.request(lockOf(tab), { mode: "shared" }, () => new Promise(() => {})).catch(() => {});
    this.#tab = tab;
    this.#key = key;
  }

  /** Notes when the page was left. */
  #leave() {
    const kept = JSON.parse(sessionStorage.getItem(KEPT_AS));
    if (kept !== null) {
      sessionStorage.setItem(KEPT_AS, JSON.stringify({ ...kept, left: Date.now() }));
    }
  }

  /** Deletes what closed tabs have left. */
  async #sweep() {
    const suspects = await this.#left();
    if (suspects.length) {
      await new Promise((resolve) => setTimeout(resolve, SECOND_LOOK_MS));
      const left = await this.#left();
      for (const tab of suspects.filter((one) => left.includes(one))) {
        await this.#do("readwrite", (store) => store.delete(within(tab)));
      }
    }
  }

  async #left() {
    const keys = await this.#do("readonly", (store) => store.getAllKeys());
    const { held, pending } = await navigator.locks.query();
    const open = new Set([...held, ...pending].map(({ name }) => name));
    return [...new Set(keys.map(([tab]) => tab))].filter((tab) => tab !== this.#tab && !open.has(lockOf(tab)));
  }

  /** Does something with the store, and waits until it is on the disk. */
  #do(mode, ask) {
    return new Promise((resolve, reject) => {
      const transaction = this.#database.transaction(STORE, mode);
      const request = ask(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = transaction.onerror = () => reject(transaction.error ?? request.error);
    });
  }
}

function openDatabase() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function newTab() {
  const secret = crypto.getRandomValues(new Uint8Array(32));
  return { tab: crypto.randomUUID(), secret: btoa(String.fromCharCode(...secret)) };
}

/** The keys that begin with these; an array comes after any text. */
function within(...beginning) {
  return IDBKeyRange.bound(beginning, [...beginning, []]);
}

function lockOf(tab) {
  return `pleura ${tab}`;
}
