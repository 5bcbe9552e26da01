/** What the data directory of a stopped manager says of its group: plain data, for people and for judging. */
import { lastOf, type MemberLog } from "../../manager/offline/mod.ts";
import type { StateView } from "../../store/mod.ts";

/** A member of the group, as the directory knows it. */
export interface ManagerFound {
  readonly memberId: string;
  /** "" when the state has no node for it. */
  readonly nodeId: string;
  readonly name: string;
  /** Of its API; "" when not known. */
  readonly address: string;
  /** Has a vote in the membership now, or in the one that it replaces. */
  readonly isVoter: boolean;
  readonly isSelf: boolean;
}

/** What was found. */
export interface Findings {
  readonly dataDir: string;
  readonly clusterId: string;
  readonly nodeId: string;
  readonly memberId: string;
  /** Of the last entry, committed or not. */
  readonly lastIndex: number;
  readonly lastTerm: number;
  /** The end of the log is damaged: others may hold what stood there. */
  readonly isInDoubt: boolean;
  /** Time of the last change that was applied. */
  readonly lastMs: number;
  readonly voters: readonly string[];
  /** Of a change of the membership that is not through; else empty. */
  readonly outgoing: readonly string[];
  /** Everybody, this manager first. */
  readonly managers: readonly ManagerFound[];
  readonly counts: {
    readonly services: number;
    readonly secrets: number;
    readonly nodes: number;
  };
}

/** Sums up a directory. */
export function findingsOf(
  own: Pick<Findings, "dataDir" | "clusterId" | "nodeId" | "memberId" | "counts" | "lastMs">,
  log: MemberLog,
  view: StateView,
): Findings {
  const { voters, outgoing, learners } = log.membership;
  const nodes = new Map([...view.nodes()].map((node) => [node.memberId, node]));
  const ids = new Set([own.memberId, ...voters, ...outgoing, ...learners]);
  const { index, term } = lastOf(log);
  return {
    ...own,
    lastIndex: index,
    lastTerm: term,
    isInDoubt: log.isInDoubt,
    voters,
    outgoing,
    managers: [...ids].map((memberId) => {
      const node = nodes.get(memberId);
      return {
        memberId,
        nodeId: node?.id ?? "",
        name: node?.name ?? memberId,
        address: node?.address ?? "",
        isVoter: voters.includes(memberId) || outgoing.includes(memberId),
        isSelf: memberId === own.memberId,
      };
    }),
  };
}
