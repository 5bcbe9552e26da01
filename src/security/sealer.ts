/**
 * Seals and opens secret bytes with AES-256-GCM under the data key.
 *
 * Called by the API before anything secret is proposed, and by whoever hands data to an agent. A box
 * is bound to its purpose and name, so one cannot be put in the place of another. No error or log
 * line carries what was sealed.
 */
import { WarrenError } from "../lib/mod.ts";
import type { Sealed } from "../model/mod.ts";
import { type DataKeyOptions, openDataKey } from "./data_key.ts";

/** What a box is for; part of what is authenticated. */
export type SealPurpose = "secret" | "join-token";

/** The owner of a box: a box opens only under the purpose and name it was sealed for. */
export interface SealContext {
  readonly purpose: SealPurpose;
  /** Name of the secret, or the role of a token. */
  readonly name: string;
}

const NONCE_BYTES = 12;

/** Seals and opens. Safe for concurrent use. */
export class Sealer {
  readonly #key: CryptoKey;
  /** Names the data key without telling anything of it. */
  readonly keyId: string;

  private constructor(key: CryptoKey, keyId: string) {
    this.#key = key;
    this.keyId = keyId;
  }

  /** A sealer under `rawKey` (32 bytes), which is wiped. */
  static async fromKey(rawKey: Uint8Array<ArrayBuffer>): Promise<Sealer> {
    const keyId = await keyIdOf(rawKey);
    const usages: KeyUsage[] = ["encrypt", "decrypt"];
    const key = await crypto.subtle.importKey("raw", rawKey, "AES-GCM", false, usages);
    rawKey.fill(0);
    return new Sealer(key, keyId);
  }

  /** `bytes` as a box for `context`. Two boxes of the same bytes differ. */
  async seal(context: SealContext, bytes: Uint8Array<ArrayBuffer>): Promise<Sealed> {
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const box = await crypto.subtle.encrypt(algorithm(context, nonce), this.#key, bytes);
    return { keyId: this.keyId, nonce: nonce.toBase64(), box: new Uint8Array(box).toBase64() };
  }

  /**
   * The bytes of `sealed`.
   *
   * @throws WarrenError UNSEAL_FAILED when it was sealed under another key or for another purpose or
   *   name, or was changed since.
   */
  async open(context: SealContext, sealed: Sealed): Promise<Uint8Array<ArrayBuffer>> {
    const what = `Cannot open the sealed ${context.purpose} "${context.name}"`;
    if (sealed.keyId !== this.keyId) {
      throw new WarrenError("UNSEAL_FAILED", `${what}: it was sealed under another data key`);
    }
    try {
      const nonce = Uint8Array.fromBase64(sealed.nonce);
      const box = Uint8Array.fromBase64(sealed.box);
      const bytes = await crypto.subtle.decrypt(algorithm(context, nonce), this.#key, box);
      return new Uint8Array(bytes);
    } catch {
      // The cause is left out: it says nothing more, and nothing of a box belongs in a log.
      throw new WarrenError("UNSEAL_FAILED", `${what}: it was changed, or sealed for another use`);
    }
  }
}

/**
 * The sealer of a data directory.
 *
 * @throws WarrenError as {@link openDataKey}.
 */
export async function openSealer(dataDir: string, options: DataKeyOptions): Promise<Sealer> {
  return await Sealer.fromKey(await openDataKey(dataDir, options));
}

function algorithm(context: SealContext, iv: Uint8Array<ArrayBuffer>): AesGcmParams {
  const additionalData = new TextEncoder().encode(JSON.stringify([context.purpose, context.name]));
  return { name: "AES-GCM", iv, additionalData };
}

async function keyIdOf(rawKey: Uint8Array<ArrayBuffer>): Promise<string> {
  const label = new TextEncoder().encode("warren data key id:");
  const input = new Uint8Array(label.length + rawKey.length);
  input.set(label);
  input.set(rawKey, label.length);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", input));
  input.fill(0);
  return digest.subarray(0, 8).toHex();
}
