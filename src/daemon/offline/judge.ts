/**
 * Whether a manager may go on alone. Pure: what was found and who answered go in, a verdict comes out.
 *
 * Invariant: never while a majority is there, this manager included: it would go on by itself, and a
 * second cluster beside it would be made.
 */
import { WarrenError } from "../../lib/mod.ts";
import type { Findings } from "./findings.ts";
import type { ManagerSeen } from "./look_around.ts";

/** The verdict. */
export interface Judgement {
  /** Why not at all; null when it may. */
  readonly refusal: WarrenError | null;
  /** The manager that is there and holds more than this one; null when there is none. */
  readonly better: ManagerSeen | null;
  /** What an operator must know before agreeing. */
  readonly warnings: readonly string[];
}

/** Judges. */
export function judgeRecovery(findings: Findings, seen: readonly ManagerSeen[]): Judgement {
  return {
    refusal: refusalOf(findings, seen),
    better: bestOf(findings, seen),
    warnings: warningsOf(findings, seen),
  };
}

function refusalOf(findings: Findings, seen: readonly ManagerSeen[]): WarrenError | null {
  // Who still takes this stopped manager for the leader has not noticed yet.
  const leader = seen.find(({ answer }) =>
    answer !== null && answer.leaderId !== "" && answer.leaderId !== findings.nodeId
  );
  if (leader) {
    const message = `Cannot recover: manager "${leader.name}" at ${leader.address} has a leader`;
    return new WarrenError("QUORUM_ALIVE", message, {
      hint: 'the cluster lives: start this manager with "warren daemon", ' +
        "or join it anew with an empty data directory",
    });
  }
  const { voters, outgoing, memberId } = findings;
  const there = new Set([memberId]);
  for (const { memberId, answer } of seen) if (answer !== null) there.add(memberId);
  const isMajority = (group: readonly string[]) => countThere(group, there) * 2 > group.length;
  if (!isMajority(voters) || outgoing.length > 0 && !isMajority(outgoing)) return null;
  const [only] = voters;
  if (voters.length === 1 && only === memberId) {
    return new WarrenError("QUORUM_ALIVE", "Cannot recover: this manager is the only one already", {
      hint: 'start it with "warren daemon"',
    });
  }
  const count = countThere(voters, there);
  return new WarrenError(
    "QUORUM_ALIVE",
    `Cannot recover: ${count} of ${voters.length} managers are there, which is a majority`,
  );
}

function countThere(group: readonly string[], there: ReadonlySet<string>): number {
  return group.filter((id) => there.has(id)).length;
}

/** Who holds most of those that hold more than this one (the rule of elections). */
function bestOf(findings: Findings, seen: readonly ManagerSeen[]): ManagerSeen | null {
  let best: ManagerSeen | null = null;
  let end = { index: findings.lastIndex, term: findings.lastTerm };
  for (const manager of seen) {
    const { answer } = manager;
    if (answer === null) continue;
    const index = Math.max(answer.lastIndex ?? 0, answer.commitIndex);
    const term = answer.lastTerm ?? end.term;
    // What it knows to be committed and is not here counts whatever the terms are.
    const isAhead = term > end.term || term === end.term && index > end.index ||
      answer.commitIndex > end.index;
    if (!isAhead) continue;
    best = manager;
    end = { index, term };
  }
  return best;
}

function warningsOf(findings: Findings, seen: readonly ManagerSeen[]): readonly string[] {
  const warnings = [
    "Managers that do not answer here may be alive elsewhere: together they could go on as a second " +
    "cluster. Make sure that they are off for good.",
    "Changes that only they held are lost; changes at the end of this log that were never " +
    "confirmed to anybody take effect.",
  ];
  const own = seen.find(({ isSelf }) => isSelf);
  if (findings.isInDoubt) {
    warnings.push("The end of this manager's log is damaged: another survivor may hold more.");
  }
  if (!own?.isVoter) {
    warnings.push("This manager has no vote: it may be far behind. Use a voter if one is left.");
  }
  return warnings;
}
