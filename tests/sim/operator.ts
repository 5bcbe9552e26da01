/**
 * What operators and managers do while a run goes on: snapshots, transfers, and changes of the
 * membership with fresh ids. It asks whoever thinks that it leads, right or wrong.
 */
import type { Prng } from "../../src/lib/mod.ts";
import type { MemberId, MembershipChange } from "../../src/raft/mod.ts";
import type { Faults } from "./options.ts";
import type { Marks } from "./marks.ts";
import type { SimMember } from "./member.ts";
import { must } from "./checks/violation.ts";

/** What the operator may do to the world. */
export interface Site {
  readonly members: ReadonlyMap<MemberId, SimMember>;
  readonly marks: Marks;
  /** An id that was never used. */
  nextId(): MemberId;
  /** Starts a member that knows nothing. */
  addMember(id: MemberId): void;
  /** Whether `id` does not reach most others: the best moment for what may have to be taken back. */
  isCutOff(id: MemberId): boolean;
  /** The network around `id` breaks for a moment: the worst time is while leadership is handed to it. */
  cutOff(id: MemberId): void;
  /** Whether some member may be short of what it acknowledged: no voters are taken away then. */
  readonly hasDoubt: boolean;
}

const MOST_MEMBERS = 7;
const MOST_VOTERS = 5;

/** Operators of one run. */
export class Operator {
  readonly #prng: Prng;
  readonly #site: Site;
  readonly #snapshots: {
    readonly atTick: number;
    readonly finish: () => "done" | "too late" | "held back";
  }[] = [];

  constructor(prng: Prng, site: Site) {
    this.#prng = prng;
    this.#site = site;
  }

  /** One tick of the world. */
  step(faults: Faults, tick: number): void {
    const prng = this.#prng;
    const awake = [...this.#site.members.values()].filter((member) => member.isAwake(tick));
    if (awake.length === 0) return;
    this.#finishSnapshots(tick);
    if (prng.chance(faults.compact)) {
      const finish = prng.pick(awake).beginSnapshot();
      if (finish) this.#snapshots.push({ atTick: tick + prng.below(40), finish });
    }
    const leaders = awake.filter((member) => member.status()?.role === "leader");
    if (leaders.length === 0) return;
    if (prng.chance(faults.transfer)) {
      const to = prng.pick(awake).id;
      const leader = prng.pick(leaders);
      const isBegun = leader.core?.transfer(to) === null;
      const isVoter = leader.status()?.membership.voters.includes(to);
      must(
        !isBegun || isVoter,
        "transfer",
        `${leader.id} begins one to ${to}, which does not vote`,
      );
      if (isBegun && faults.partition > 0 && prng.chance(0.3)) this.#site.cutOff(to);
    }
    const leader = prng.pick(leaders);
    const isEarly = leader.status()?.hasOwnCommit === false;
    const haste = isEarly || this.#site.isCutOff(leader.id) ? 20 : 1;
    if (prng.chance(faults.churn * haste)) this.#change(leader);
  }

  #finishSnapshots(tick: number): void {
    for (let at = 0; at < this.#snapshots.length; at++) {
      const snapshot = this.#snapshots[at];
      if (!snapshot || snapshot.atTick > tick) continue;
      this.#snapshots.splice(at--, 1);
      const how = snapshot.finish();
      if (how === "too late") this.#site.marks.hit("compaction too late");
      if (how === "held back") this.#site.marks.hit("compaction held back");
    }
  }

  #change(leader: SimMember): void {
    const change = this.#drawChange(leader);
    if (!change) return;
    const proposed = leader.core?.changeMembership(change);
    if (proposed?.isOk && change.kind === "add learner") this.#site.addMember(change.id);
    if (proposed?.isOk === false && proposed.reason !== "not leader") {
      this.#site.marks.hit("change refused");
    }
  }

  #drawChange(leader: SimMember): MembershipChange | undefined {
    const prng = this.#prng;
    const status = leader.status();
    if (!status) return undefined;
    const { voters, learners } = status.membership;
    const isLarge = voters.length + learners.length >= MOST_MEMBERS;
    const kind = prng.pick(["add learner", "promote", "promote", "demote", "remove"] as const);
    const isLess = kind === "demote" || kind === "remove";
    if (isLess && (this.#site.hasDoubt || voters.length <= 1)) return undefined;
    switch (kind) {
      case "add learner":
        return isLarge ? undefined : { kind, id: this.#site.nextId() };
      case "promote": {
        const level = learners.filter((id) => (status.matches[id] ?? 0) >= status.committed);
        const chosen = prng.chance(0.9) ? level : learners;
        const isFull = voters.length >= MOST_VOTERS || chosen.length === 0;
        return isFull ? undefined : { kind, id: prng.pick(chosen) };
      }
      case "demote":
        return { kind, id: prng.pick(voters) };
      case "remove": {
        const all = [...voters, ...learners];
        return { kind, id: prng.pick(all) };
      }
    }
  }
}
