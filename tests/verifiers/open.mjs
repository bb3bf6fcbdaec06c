// Opens what bundlegate sealed, with WebCrypto alone. Runs in Node (without the algorithms that Node does not have yet)
// and in workerd, where it answers a POST of the same fields as JSON.

const text = new TextEncoder();
const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
const base64 = (buffer) => btoa(Array.from(new Uint8Array(buffer), (b) => String.fromCharCode(b)).join(""));
const hex = (buffer) => Array.from(new Uint8Array(buffer), (b) => b.toString(16).padStart(2, "0")).join("");
const join = (...parts) => {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) (joined.set(part, at), (at += part.length));
  return joined;
};
const sha256 = (data) => crypto.subtle.digest("SHA-256", data);

async function hkdf(key, salt, info) {
  const from = await crypto.subtle.importKey("raw", key, "HKDF", false, ["deriveBits"]);
  return crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info: text.encode(info) }, from, 256);
}

async function mac(key, data) {
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", key, hmac, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, data));
}

async function verifyFile(manifest, entry, body, master) {
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const derived = await hkdf(master, new Uint8Array(), "bundlegate/v1/hmac");
  const key = await crypto.subtle.importKey("raw", derived, hmac, false, ["verify"]);
  const times = ["created", "expires"].map((name) => (name in manifest ? `;${name}=${manifest[name]}` : "")).join("");
  const base = [
    // `encodeURI` leaves these two, which end the path of a URL.
    `"@path";req: /${encodeURI(entry.path).replace(/[?#]/g, encodeURIComponent)}`,
    `"content-type": ${entry.encryption ? "application/octet-stream" : entry.contentType}`,
    `"content-encoding": ${(!entry.encryption && entry.contentEncoding) || "identity"}`,
    `"content-length": ${body.length}`,
    `"content-digest": sha-256=:${base64(await sha256(body))}:`,
    `"bundlegate-build": ${manifest.buildId}`,
    `"@signature-params": ("@path";req "content-type" "content-encoding" "content-length" "content-digest" ` +
      `"bundlegate-build")${times};keyid="${entry.keyId}";alg="hmac-sha256";tag="bundlegate-v1"`,
  ].join("\n");
  return crypto.subtle.verify("HMAC", key, bytes(entry.hmac), text.encode(base));
}

async function verifyStatement(envelope, pem, names) {
  const payload = bytes(envelope.payload);
  const type = envelope.payloadType;
  const message = join(text.encode(`DSSEv1 ${type.length} ${type} ${payload.length} `), payload);
  const blocks = pem.split("-----END PUBLIC KEY-----").map((block) => block.replace(/-----.*-----|\s/g, ""));
  const held = [];
  for (const [index, name] of ["Ed25519", "ML-DSA-65"].entries()) {
    if (!names.includes(name)) continue;
    const key = await crypto.subtle.importKey("spki", bytes(blocks[index]), name, false, ["verify"]);
    const { sig } = envelope.signatures.find(({ keyid }) => keyid.startsWith(name.toLowerCase()));
    if (await crypto.subtle.verify(name, key, bytes(sig), message)) held.push(name);
  }
  return held;
}

// SHA3-256 (FIPS 202) of less than 136 bytes; WebCrypto of this workerd does not have it yet.
function sha3(data) {
  const block = new Uint8Array(200);
  block.set(data);
  block[data.length] = 6;
  block[135] |= 128;
  const lanes = new BigUint64Array(block.buffer);
  const rotate = (lane, by) => (by ? BigInt.asUintN(64, (lane << BigInt(by)) | (lane >> BigInt(64 - by))) : lane);
  let lfsr = 1;
  for (let round = 0; round < 24; round++) {
    const columns = [0, 1, 2, 3, 4].map((x) => [0, 5, 10, 15, 20].reduce((sum, y) => sum ^ lanes[x + y], 0n));
    for (let i = 0; i < 25; i++) lanes[i] ^= columns[(i + 4) % 5] ^ rotate(columns[(i + 1) % 5], 1);
    let [x, y, current] = [1, 0, lanes[1]];
    for (let t = 0; t < 24; t++) {
      [x, y] = [y, (2 * x + 3 * y) % 5];
      [current, lanes[x + 5 * y]] = [lanes[x + 5 * y], rotate(current, (((t + 1) * (t + 2)) / 2) % 64)];
    }
    for (let row = 0; row < 25; row += 5) {
      const old = lanes.slice(row, row + 5);
      for (let i = 0; i < 5; i++) lanes[row + i] = old[i] ^ (~old[(i + 1) % 5] & old[(i + 2) % 5]);
    }
    for (let j = 0; j < 7; j++) {
      if (lfsr & 1) lanes[0] ^= 1n << BigInt((1 << j) - 1);
      lfsr = lfsr & 128 ? ((lfsr << 1) ^ 0x171) & 255 : lfsr << 1;
    }
  }
  return block.slice(0, 32);
}

// X-Wing (draft-connolly-cfrg-xwing-kem), then the key schedule of HPKE's base mode (RFC 9180, section 5.1).
async function contentKey(wrap, expanded) {
  const wrapped = bytes(wrap.key);
  const [forMlKem, forX25519, sealed] = [wrapped.slice(0, 1088), wrapped.slice(1088, 1120), wrapped.slice(1120)];
  const mlKem = await crypto.subtle.importKey("raw-seed", expanded.slice(0, 64), "ML-KEM-768", false, ["decapsulateBits"]);
  const first = new Uint8Array(await crypto.subtle.decapsulateBits("ML-KEM-768", mlKem, forMlKem));
  const pkcs8 = join(bytes("MC4CAQAwBQYDK2VuBCIEIA=="), expanded.slice(64));
  const own = await crypto.subtle.importKey("pkcs8", pkcs8, "X25519", true, ["deriveBits"]);
  const { x } = await crypto.subtle.exportKey("jwk", own);
  const publicKey = bytes(x.replace(/-/g, "+").replace(/_/g, "/"));
  const other = await crypto.subtle.importKey("raw", forX25519, "X25519", false, []);
  const second = new Uint8Array(await crypto.subtle.deriveBits({ name: "X25519", public: other }, own, 256));
  const label = Uint8Array.of(0x5c, 0x2e, 0x2f, 0x2f, 0x5e, 0x5c);
  const shared = sha3(join(first, second, forX25519, publicKey, label));
  const suite = join(text.encode("HPKE"), Uint8Array.of(0x64, 0x7a, 0, 1, 0, 2));
  const empty = new Uint8Array();
  const extract = (salt, name, value) =>
    mac(salt.length ? salt : new Uint8Array(32), join(text.encode("HPKE-v1"), suite, text.encode(name), value));
  const expand = async (key, name, info, length) => {
    const labeled = join(Uint8Array.of(0, length), text.encode("HPKE-v1"), suite, text.encode(name), info);
    return (await mac(key, join(labeled, Uint8Array.of(1)))).slice(0, length);
  };
  const pskId = await extract(empty, "psk_id_hash", empty);
  const info = await extract(empty, "info_hash", text.encode("bundlegate/v1"));
  const context = join(Uint8Array.of(0), pskId, info);
  const secret = await extract(shared, "secret", empty);
  const key = await crypto.subtle.importKey("raw", await expand(secret, "key", context, 32), "AES-GCM", false, ["decrypt"]);
  const iv = await expand(secret, "base_nonce", context, 12);
  return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, sealed));
}

// Tink's AES256-GCM-HKDF streaming.
async function decrypted(entry, body, expanded) {
  const derived = await hkdf(await contentKey(entry.encryption.wraps[0], expanded), body.slice(1, 33), entry.path);
  const key = await crypto.subtle.importKey("raw", derived, "AES-GCM", false, ["decrypt"]);
  const parts = [];
  for (let index = 0, at = 0; at < body.length; index++, at += 1 << 20) {
    const segment = body.slice(Math.max(at, 40), at + (1 << 20));
    const iv = new Uint8Array(12);
    iv.set(body.slice(33, 40));
    new DataView(iv.buffer).setUint32(7, index);
    iv[11] = at + (1 << 20) >= body.length ? 1 : 0;
    parts.push(new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, segment)));
  }
  return join(...parts);
}

export async function open({ manifest, envelope, files, master, pem, names, expanded }) {
  const result = { signatures: 0, statement: await verifyStatement(envelope, pem, names), plain: {} };
  for (const entry of manifest.artifacts) {
    const body = bytes(files[entry.path]);
    if (await verifyFile(manifest, entry, body, bytes(master))) result.signatures++;
    if (expanded && entry.encryption) {
      result.plain[entry.path] = hex(await sha256(await decrypted(entry, body, bytes(expanded))));
    }
  }
  return result;
}

export default {
  async fetch(request) {
    return Response.json(await open(await request.json()));
  },
};
