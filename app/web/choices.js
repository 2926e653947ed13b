// What was chosen on this page, for the next time that it is opened.

/** What was chosen before; "" where nothing was, or where the browser keeps nothing. */
export function kept(name) {
  try {
    return localStorage.getItem(name) ?? "";
  } catch {
    return "";
  }
}

/** Keeps what was chosen. */
export function keep(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // It holds until the page is left.
  }
}
