// Finds the number of an ALTCHA challenge: SHA-256 of salt and number is the challenge. Written out here, because the
// browser's own digest exists on secure pages only and answers one number at a time.
"use strict";
const K = new Uint32Array(64);
const H = new Uint32Array(8);
(() => {
  // The constants are the first 32 bits of the fractional parts of the cube and square roots of the first primes.
  const frac = (x) => ((x - Math.floor(x)) * 4294967296) >>> 0;
  for (let n = 2, i = 0; i < 64; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
    if (!prime) continue;
    if (i < 8) H[i] = frac(Math.sqrt(n));
    K[i++] = frac(Math.cbrt(n));
  }
})();
const w = new Uint32Array(64);
const rotate = (x, n) => (x >>> n) | (x << (32 - n));
function sha256(bytes) {
  const length = bytes.length;
  const blocks = (length + 72) >> 6;
  const padded = new Uint8Array(blocks << 6);
  padded.set(bytes);
  padded[length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 4, length * 8);
  const h = H.slice();
  for (let block = 0; block < blocks; block++) {
    for (let i = 0; i < 16; i++) w[i] = view.getUint32(block * 64 + i * 4);
    for (let i = 16; i < 64; i++) {
      const a = w[i - 15], b = w[i - 2];
      const s0 = rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3);
      const s1 = rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10);
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    let a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], k = h[7];
    for (let i = 0; i < 64; i++) {
      const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
      const t1 = (k + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
      const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      k = g, g = f, f = e, e = (d + t1) | 0;
      d = c, c = b, b = a, a = (t1 + t2) | 0;
    }
    h[0] += a; h[1] += b; h[2] += c; h[3] += d; h[4] += e; h[5] += f; h[6] += g; h[7] += k;
  }
  return h;
}
self.onmessage = ({ data }) => {
  const encoder = new TextEncoder();
  const wanted = data.challenge.match(/.{8}/g).map((word) => parseInt(word, 16));
  for (let n = 0; n <= data.maxnumber; n++) {
    const found = sha256(encoder.encode(data.salt + n));
    if (found.every((word, i) => word === wanted[i])) {
      self.postMessage(n);
      return;
    }
  }
  self.postMessage(null);
};
