/**
 * Log entries as bytes and back. Used by whoever keeps the log; the bytes are JSON with a format
 * number, so that an older version says clearly that it cannot read what a newer one wrote.
 */
import { wallMs, WarrenError } from "../lib/mod.ts";
import type { Action, Entry, Proposal } from "./action.ts";

/** Format that entries are written in. */
export const ENTRY_FORMAT = 1;

const KNOWN: Readonly<Record<Action["kind"], true>> = {
  "cluster.create": true,
  "cluster.token": true,
  "cluster.leader": true,
  "node.create": true,
  "node.update": true,
  "node.describe": true,
  "node.member": true,
  "node.status": true,
  "node.remove": true,
  "service.create": true,
  "service.update": true,
  "service.restart": true,
  "service.remove": true,
  "service.rollout": true,
  "task.create": true,
  "task.place": true,
  "task.unplaced": true,
  "task.desire": true,
  "task.report": true,
  "task.remove": true,
  "secret.create": true,
  "secret.update": true,
  "secret.remove": true,
  "config.create": true,
  "config.update": true,
  "config.remove": true,
  "volume.create": true,
  "volume.update": true,
  "volume.remove": true,
  "check.unchanged": true,
};

/** `entry` as bytes. Actions are plain data, so nothing of them is lost. */
export function encodeEntry(entry: Entry): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify({ v: ENTRY_FORMAT, p: entry }));
}

/**
 * The entry that `bytes` were encoded from. Checks the form, not the content: whoever proposed it
 * did that.
 *
 * @throws WarrenError DATA_CORRUPT when malformed or written by a newer version.
 */
export function decodeEntry(bytes: Uint8Array): Entry {
  const data = record(parsed(bytes), "it is not an object");
  if (data.v !== ENTRY_FORMAT) throw corrupt(`format ${data.v} was written by a newer version`);
  return list(data.p, "it has no proposals").map(decodeProposal);
}

function decodeProposal(value: unknown): Proposal {
  const data = record(value, "a proposal is not an object");
  const { atMs, requestId } = data;
  if (typeof atMs !== "number" || typeof requestId !== "string") {
    throw corrupt("a proposal has no time or request id");
  }
  const actions = list(data.actions, "a proposal has no actions").map(decodeAction);
  return { actions, atMs: wallMs(atMs), requestId };
}

function decodeAction(value: unknown): Action {
  const { kind } = record(value, "an action is not an object");
  if (typeof kind !== "string") throw corrupt("an action has no kind");
  if (!Object.hasOwn(KNOWN, kind)) {
    throw corrupt(`action "${kind}" was written by a newer version`);
  }
  return value as Action;
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw corrupt("it is not JSON", error);
  }
}

function record(value: unknown, fault: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw corrupt(fault);
  return value as Readonly<Record<string, unknown>>;
}

function list(value: unknown, fault: string): readonly unknown[] {
  if (!Array.isArray(value)) throw corrupt(fault);
  return value;
}

function corrupt(what: string, cause?: unknown): WarrenError {
  return new WarrenError("DATA_CORRUPT", `Cannot read a log entry: ${what}`, { cause });
}
