/**
 * Asks the other managers of a group whether they are there, all at once and not for long.
 *
 * Who does not answer is taken for away; that it is away for everybody nobody can know from here.
 */
import { connect } from "../../client/mod.ts";
import { type Clock, WarrenError } from "../../lib/mod.ts";
import type { Findings, ManagerFound } from "./findings.ts";

/** What another manager says. */
export interface ManagerAnswer {
  readonly clusterId: string;
  /** Id of the node that leads, as that manager knows it; "" for none. */
  readonly leaderId: string;
  readonly term: number;
  readonly commitIndex: number;
  /** Of its last entry; null from a version that does not say. */
  readonly lastIndex: number | null;
  readonly lastTerm: number | null;
}

/** Asks the manager at `address`. Rejects when it does not answer. */
export type ManagerDialer = (address: string, signal: AbortSignal) => Promise<ManagerAnswer>;

/** A member, and what it said; null when it did not. */
export interface ManagerSeen extends ManagerFound {
  readonly answer: ManagerAnswer | null;
}

/** How long an answer may take, in milliseconds. */
const ANSWER_MS = 2_000;

/** The dialer over the API. */
export const dialManager: ManagerDialer = async (address, signal) => {
  const client = await connect(address, { timeoutMs: ANSWER_MS });
  try {
    const info = await client.getClusterInfo({ stale: true }, { signal });
    const { clusterId, leaderId, raft } = info;
    return {
      clusterId,
      leaderId,
      term: raft?.term ?? 0,
      commitIndex: raft?.commitIndex ?? 0,
      lastIndex: raft?.lastIndex ?? null,
      lastTerm: raft?.lastTerm ?? null,
    };
  } finally {
    client.close();
  }
};

/** Asks everybody but this manager itself. */
export async function lookAround(
  { clusterId, managers }: Pick<Findings, "clusterId" | "managers">,
  dial: ManagerDialer,
  clock: Clock,
): Promise<readonly ManagerSeen[]> {
  return await Promise.all(managers.map(async (manager) => {
    const answer = manager.isSelf || manager.address === ""
      ? null
      : await maybeAnswer(manager.address, dial, clock);
    // Another cluster has taken the address over.
    return { ...manager, answer: answer?.clusterId === clusterId ? answer : null };
  }));
}

async function maybeAnswer(
  address: string,
  dial: ManagerDialer,
  clock: Clock,
): Promise<ManagerAnswer | null> {
  const late = new AbortController();
  const cancel = clock.after(ANSWER_MS, () => {
    late.abort(new WarrenError("DEADLINE_PASSED", "it did not answer in time"));
  });
  try {
    return await dial(address, late.signal);
  } catch {
    // Shown as not reachable, which is all that is known.
    return null;
  } finally {
    cancel();
  }
}
