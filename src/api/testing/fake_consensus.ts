/** A group of managers as a test says it is: who leads, who is in it, and what was asked of it. */
import { WarrenError } from "../../lib/mod.ts";
import type { NodeId } from "../../model/mod.ts";
import type { Member } from "../../rpc/gen/warren/v1/cluster.ts";
import type { Consensus, Leader, MembershipStep } from "../context.ts";

/** Leads unless told otherwise; membership steps change `members` at once. */
export class FakeConsensus implements Consensus {
  members: Member[] = [];
  readonly steps: MembershipStep[] = [];
  /** What reads waited for. */
  freshReads = 0;
  /** What makes reads fail. */
  staleReason: WarrenError | null = null;
  #isLeader = true;
  #leader: Leader | null = null;
  readonly #listeners = new Set<() => void>();

  /** Somebody, or nobody, leads from now on. */
  setLeader(isLeader: boolean, leader: Leader | null): void {
    this.#isLeader = isLeader;
    this.#leader = leader;
    for (const member of this.members) member.leader = member.id === leader?.id;
    for (const listener of [...this.#listeners]) listener();
  }

  isLeader(): boolean {
    return this.#isLeader;
  }

  fresh(signal: AbortSignal): Promise<void> {
    this.freshReads++;
    if (this.staleReason) return Promise.reject(this.staleReason);
    return signal.aborted ? Promise.reject(signal.reason) : Promise.resolve();
  }

  transferLeader(to: NodeId | null): Promise<NodeId> {
    const found = this.members.find(({ id, leader }) => to === null ? !leader : id === to);
    if (!found) return Promise.reject(new WarrenError("DEADLINE_PASSED", "Nobody took over"));
    const id = found.id as NodeId;
    this.setLeader(false, { id, address: found.address });
    return Promise.resolve(id);
  }

  changeMembership(change: MembershipStep): Promise<void> {
    this.steps.push(change);
    const { kind, id } = change;
    if (kind === "remove") this.members = this.members.filter((member) => member.id !== id);
    if (kind === "add learner") this.members.push(memberOf(id, { voter: false }));
    return Promise.resolve();
  }

  leader(): Leader | null {
    return this.#leader;
  }

  onLeaderChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  dataKey(): Uint8Array {
    return Uint8Array.from({ length: 32 }, (_, at) => at);
  }
}

/** A reachable voter, unless `over` says otherwise. */
export function memberOf(id: string, over: Partial<Member> = {}): Member {
  return { id, name: id, address: "", voter: true, leader: false, reachable: true, ...over };
}
