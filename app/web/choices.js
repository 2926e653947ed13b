// Choices on this page, kept for the next time that it is opened.

/** An earlier choice; "" if there is none or the browser stores nothing. */
export function kept(name) {
  try {
    return localStorage.getItem(name) ?? "";
  } catch {
    return "";
  }
}

/** Keeps a choice. */
export function keep(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // The choice then lasts until the page is left.
  }
}
