// The API key: asked for when the service wants one, kept in memory and nowhere else.

const dialog = document.querySelector("#key-dialog");
const form = document.querySelector("#key-form");
const input = document.querySelector("#key");
const rejected = document.querySelector("#key-rejected");

let key = null;
let asking = null;

/** The key to send; null if there is none. */
export function currentKey() {
  return key;
}

/** The service did not accept this key (null: it wants one). One given since then is left. */
export function rejectKey(refused) {
  if (key === refused) {
    key = null;
    rejected.hidden = refused === null;
  }
}

/** Resolves to whether there is a key. However many requests ask, one question is put. */
export function askForKey() {
  if (key !== null) {
    return Promise.resolve(true);
  }
  asking ??= ask().finally(() => {
    asking = null;
  });
  return asking;
}

function ask() {
  input.value = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(key !== null), { once: true });
  });
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  key = input.value.trim() || null;
  input.value = "";
  dialog.close();
});

document.querySelector("#key-cancel").addEventListener("click", () => dialog.close());
