// CRC-32 as PNG and ZIP have it (ISO 3309).

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k += 1) {
    c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  }
  return c;
});

export function crc32(...parts) {
  let c = 0xffffffff;
  for (const bytes of parts) {
    for (const byte of bytes) {
      c = TABLE[(c ^ byte) & 0xff] ^ (c >>> 8);
    }
  }
  return (c ^ 0xffffffff) >>> 0;
}
