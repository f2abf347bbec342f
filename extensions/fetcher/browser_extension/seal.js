// Seals a text to the server's key with WebCrypto; the counterpart of regie_fetcher/sealed.py.

const INFO = new TextEncoder().encode("regie fetcher cookies v1");
const CURVE = { name: "ECDH", namedCurve: "P-256" };

const toBase64 = (bytes) => btoa(Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join(""));
const fromBase64 = (text) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));

// Associated data that no two lists of parts share: each with its length before it.
function associated(...parts) {
  const chunks = parts.flatMap((part) => {
    const bytes = new TextEncoder().encode(part);
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, bytes.length);
    return [...length, ...bytes];
  });
  return Uint8Array.from(chunks);
}

async function derive(privateKey, publicKey, salt) {
  const secret = await crypto.subtle.deriveBits({ name: "ECDH", public: publicKey }, privateKey, 256);
  const material = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveKey"]);
  const hkdf = { name: "HKDF", hash: "SHA-256", salt, info: INFO };
  return crypto.subtle.deriveKey(hkdf, material, { name: "AES-GCM", length: 256 }, false, ["encrypt"]);
}

// `keys` and `nonce` are given by tests only: every message has new ones.
export async function seal(serverKey, text, { user, site, time = Date.now(), keys, nonce } = {}) {
  const pair = keys ?? (await crypto.subtle.generateKey(CURVE, true, ["deriveBits"]));
  const iv = nonce ?? crypto.getRandomValues(new Uint8Array(12));
  const server = await crypto.subtle.importKey("raw", fromBase64(serverKey), CURVE, true, []);
  const key = await derive(pair.privateKey, server, iv);
  const additionalData = associated(user, site, String(time));
  const plain = new TextEncoder().encode(text);
  const ciphertext = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData }, key, plain);
  const publicKey = await crypto.subtle.exportKey("raw", pair.publicKey);
  return { publicKey: toBase64(publicKey), nonce: toBase64(iv), ciphertext: toBase64(ciphertext), time };
}
