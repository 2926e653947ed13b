// Names of files in a ZIP.

/** The name of a study's files: without what systems do not allow, and different from those that are in `names`. */
export function fileName(stem, names) {
  const base = stem.replace(/_mask$/, "").replace(/[^\p{L}\p{N} .-]/gu, "_").replace(/^\.+/, "_");
  let name = base;
  for (let number = 2; names.has(name.toLowerCase()); number += 1) {
    name = `${base}-${number}`;
  }
  names.add(name.toLowerCase());
  return name;
}
