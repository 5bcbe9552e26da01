/**
 * Branded ids of the nouns, so that a node id cannot be passed where a service id is wanted.
 *
 * All are 25 characters from `lib/ids.ts`. They are branded where they enter: made by the API or
 * the planner, or parsed from the wire and the log.
 */
import type { Brand } from "../lib/mod.ts";

/** One per noun; none may be passed for another. */
export type ClusterId = Brand<string, "ClusterId">;
export type NodeId = Brand<string, "NodeId">;
export type ServiceId = Brand<string, "ServiceId">;
export type TaskId = Brand<string, "TaskId">;
export type SecretId = Brand<string, "SecretId">;
export type ConfigId = Brand<string, "ConfigId">;
export type VolumeId = Brand<string, "VolumeId">;

/** The log index at which an object last changed; the precondition of an update. */
export type Version = Brand<number, "Version">;

/** Position in the replicated log, from 1; 0 means "before the first entry". */
export type LogIndex = Brand<number, "LogIndex">;

/** Brands an id that comes from the wire, the log or an id source. */
export function asId<Id extends string>(text: string): Id {
  return text as Id;
}

/** Brands a log index or an object version; both are safe integers from 0. */
export function asIndex<Index extends Version | LogIndex>(value: number): Index {
  return value as Index;
}
