// Hands a file to the browser to be saved.

export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has taken hold of the bytes by the time that this runs.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
