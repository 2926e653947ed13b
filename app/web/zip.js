// ZIP files (PKWARE's APPNOTE): written without compression, as what goes in is compressed already.

import { crc32 } from "./crc.js";

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const UTF8 = 0x0800;

// Bytes of each field: signature; version, flags, method, time, date; checksum and two sizes; the lengths of name and extra.
const FILE_SIZES = `${"2".repeat(5)}44422`;
const LOCAL_SIZES = `4${FILE_SIZES}`;
const CENTRAL_SIZES = `42${FILE_SIZES}22244`;
const END_SIZES = "42222442";

/** A ZIP of entries `{ name, blob }`. */
export async function zip(entries) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const { name, blob } of entries) {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    const fields = [20, UTF8, 0, 0, 0x21, crc32(bytes), bytes.length, bytes.length];
    const path = new TextEncoder().encode(name);
    const local = record(LOCAL_SIZES, [LOCAL, ...fields, path.length, 0]);
    parts.push(local, path, blob);
    const central = [CENTRAL, 20, ...fields, path.length, 0, 0, 0, 0, 0, offset];
    directory.push(record(CENTRAL_SIZES, central), path);
    offset += local.length + path.length + bytes.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = record(END_SIZES, [END, 0, 0, entries.length, entries.length, size, offset, 0]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}

/** Little-endian numbers of these sizes in bytes. */
function record(sizes, values) {
  const view = new DataView(new ArrayBuffer([...sizes].reduce((sum, size) => sum + Number(size), 0)));
  let at = 0;
  [...sizes].forEach((size, i) => {
    if (size === "2") {
      view.setUint16(at, values[i], true);
    } else {
      view.setUint32(at, values[i], true);
    }
    at += Number(size);
  });
  return new Uint8Array(view.buffer);
}
