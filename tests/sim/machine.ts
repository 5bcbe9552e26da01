/**
 * The replicated state machine of the simulation: registers by key, and a session for each client so
 * that a request that arrives twice takes effect once (rule H3).
 *
 * A pure function of the entries applied; the digest proves it.
 */
import type { Entry } from "../../src/raft/mod.ts";

/** What a client asks to be written. */
export interface Request {
  readonly client: number;
  /** Rises by one with each request of a client; a retry has the number of the first try. */
  readonly sequence: number;
  readonly key: string;
  readonly kind: "put" | "cas";
  readonly value: string;
  /** Of a compare-and-set: what the register must hold. */
  readonly expected: string;
}

/** What it answered: whether the write took effect. */
export type Outcome = boolean;

/** The state as of an index, for snapshots. Immutable. */
export interface MachineImage {
  readonly index: number;
  readonly chain: number;
  readonly digest: number;
  readonly registers: ReadonlyMap<string, string>;
  readonly sessions: ReadonlyMap<number, { readonly sequence: number; readonly outcome: Outcome }>;
}

/** Nothing applied yet. */
export const EMPTY_IMAGE: MachineImage = {
  index: 0,
  chain: 0,
  digest: 0,
  registers: new Map(),
  sessions: new Map(),
};

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A request as the bytes of an entry. */
export function encodeRequest(request: Request): Uint8Array {
  const { client, sequence, key, kind, value, expected } = request;
  return encoder.encode([client, sequence, key, kind, value, expected].join(","));
}

function decodeRequest(data: Uint8Array): Request {
  const [client, sequence, key = "", kind, value = "", expected = ""] = decoder.decode(data)
    .split(",");
  return {
    client: Number(client),
    sequence: Number(sequence),
    key,
    kind: kind === "cas" ? "cas" : "put",
    value,
    expected,
  };
}

/** What applying an entry came to. */
export interface Applied {
  readonly request: Request;
  /** Undefined for a request older than the newest of its client: nobody waits for it. */
  readonly outcome: Outcome | undefined;
  readonly isRepeat: boolean;
}

/** The state machine of one member. */
export class Machine {
  #image: MachineImage = EMPTY_IMAGE;
  #registers = new Map<string, string>();
  #sessions = new Map<number, { readonly sequence: number; readonly outcome: Outcome }>();

  index = 0;
  /** Hash chain of the entries applied. */
  chain = 0;
  /** Of the effects, in order. */
  digest = 0;

  /** Begins again from a snapshot. */
  load(image: MachineImage): void {
    this.#image = image;
    this.#registers = new Map(image.registers);
    this.#sessions = new Map(image.sessions);
    this.index = image.index;
    this.chain = image.chain;
    this.digest = image.digest;
  }

  /** The state as it is now. */
  save(): MachineImage {
    if (this.#image.index === this.index) return this.#image;
    this.#image = {
      index: this.index,
      chain: this.chain,
      digest: this.digest,
      registers: new Map(this.#registers),
      sessions: new Map(this.#sessions),
    };
    return this.#image;
  }

  /** What a register holds; empty when it was never written. */
  read(key: string): string {
    return this.#registers.get(key) ?? "";
  }

  /** Applies one entry, which follows on the last. `chain` is the hash chain up to it. */
  apply({ index, payload }: Entry, chain: number): Applied | undefined {
    this.index = index;
    this.chain = chain;
    if (payload.kind !== "data") return undefined;
    const request = decodeRequest(payload.data);
    const session = this.#sessions.get(request.client);
    if (session && request.sequence <= session.sequence) {
      const isCurrent = request.sequence === session.sequence;
      return { request, outcome: isCurrent ? session.outcome : undefined, isRepeat: true };
    }
    const outcome = request.kind === "put" || this.read(request.key) === request.expected;
    if (outcome) this.#registers.set(request.key, request.value);
    this.#sessions.set(request.client, { sequence: request.sequence, outcome });
    this.digest = mix(mix(this.digest, index), outcome ? hashText(request.value) : 1);
    return { request, outcome, isRepeat: false };
  }
}

/** Hash of an entry after a prefix with hash `before`. */
export function chainHash(before: number, { index, term, payload }: Entry): number {
  let hash = mix(mix(before, index), term);
  switch (payload.kind) {
    case "noop":
      return mix(hash, 1);
    case "data":
      for (const byte of payload.data) hash = mix(hash, byte + 2);
      return hash;
    case "membership":
      return mix(hash, hashText(JSON.stringify(payload.membership)));
  }
}

/** Hash of a text. */
export function hashText(text: string): number {
  let hash = 7;
  for (let at = 0; at < text.length; at++) hash = mix(hash, text.charCodeAt(at));
  return hash;
}

/** One step of a small hash. */
export function mix(hash: number, value: number): number {
  const mixed = Math.imul(hash ^ value, 0x9e3779b1);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
