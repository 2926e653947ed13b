// The files of a ZIP (PKWARE's APPNOTE): stored or deflated, no encryption, no ZIP64.

import { t } from "./language.js";

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const END_BYTES = 22;
const LONGEST_COMMENT = 0xffff;
const LARGEST_FILE = 2 ** 29;

/** Why a ZIP cannot be read, in the page's language. */
export class ZipError extends Error {}

/** Whether a file begins as a ZIP does. */
export async function isZip(file) {
  return (await file.slice(0, 4).text()) === "PK\x03\x04";
}

/** Its files, without folders and what systems leave in them. Raises a ZipError where it says why not, and others where it is damaged. */
export async function unzip(file) {
  const tail = await view(file, Math.max(0, file.size - END_BYTES - LONGEST_COMMENT), file.size);
  let at = tail.byteLength - END_BYTES;
  while (at >= 0 && tail.getUint32(at, true) !== END) {
    at -= 1;
  }
  if (at < 0) {
    throw new ZipError(t("The ZIP is incomplete: copy it again or make it again."));
  }
  const [count, size, start] = [tail.getUint16(at + 10, true), tail.getUint32(at + 12, true), tail.getUint32(at + 16, true)];
  const directory = await view(file, start, start + size);
  const files = [];
  for (let i = 0, p = 0; i < count && directory.getUint32(p, true) === CENTRAL; i += 1) {
    const [nameLength, extra, comment] = [28, 30, 32].map((field) => directory.getUint16(p + field, true));
    const path = new TextDecoder().decode(new Uint8Array(directory.buffer, p + 46, nameLength));
    if (isWanted(path)) {
      files.push(await extract(file, directory, p, path.split("/").at(-1)));
    }
    p += 46 + nameLength + extra + comment;
  }
  return files;
}

/** Whether a path is a file that a person put there. */
export function isWanted(path) {
  return !path.endsWith("/") && !path.split("/").some((part) => part.startsWith(".") || part === "__MACOSX");
}

async function extract(file, directory, p, name) {
  const method = directory.getUint16(p + 10, true);
  const packed = directory.getUint32(p + 20, true);
  const size = directory.getUint32(p + 24, true);
  const offset = directory.getUint32(p + 42, true);
  if (size > LARGEST_FILE) {
    throw new ZipError(t("{name} is larger than 512 MB: open a smaller file.", { name }));
  }
  const local = await view(file, offset, offset + 30);
  const start = offset + 30 + local.getUint16(26, true) + local.getUint16(28, true);
  const bytes = file.slice(start, start + packed);
  if (method === 0) {
    return new File([bytes], name);
  }
  if (method !== 8) {
    throw new ZipError(t("{name} is compressed by a method that is not supported: make the ZIP again with Deflate.", { name }));
  }
  const parts = [];
  let length = 0;
  const reader = bytes.stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  for (let step = await reader.read(); !step.done; step = await reader.read()) {
    length += step.value.length;
    if (length > size) {
      await reader.cancel();
      throw new ZipError(t("{name} is larger than the ZIP says.", { name }));
    }
    parts.push(step.value);
  }
  return new File(parts, name);
}

async function view(file, start, end) {
  return new DataView(await file.slice(start, end).arrayBuffer());
}
