/**
 * What a leader is asked to do with the group: promote who has caught up, change members, hand over.
 *
 * Part of the driver, which tells it of time, of commits and of the end of a leadership. Invariant:
 * every request is answered once.
 */
import { type Clock, type Log, WarrenError } from "../../lib/mod.ts";
import type { MemberId, MembershipChange, RaftCore } from "../../raft/mod.ts";
import { type LevelSince, planPromotion } from "./autopilot.ts";
import type { MachinePort } from "./machine_port.ts";
import { CHANGE_REASONS, unknownOutcome } from "./refusals.ts";
import { peerView } from "./status.ts";

/** Time that a transfer may take beyond the election timeout before it counts as failed. */
const TRANSFER_SLACK_MS = 100;

/** What the duties need. */
export interface DutyParts {
  readonly core: RaftCore;
  readonly clock: Clock;
  readonly log: Log;
  readonly port: MachinePort;
  readonly electionTimeoutMs: number;
  readonly heartbeatTimeoutMs: number;
}

interface Change {
  readonly id: number;
  readonly index: number;
  readonly term: number;
}

/** The requests of one member, whoever leads. */
export class LeaderDuties {
  readonly #parts: DutyParts;
  #change: Change | null = null;
  #transfer: { readonly id: number; readonly untilMs: number } | null = null;
  #levelSince: LevelSince = new Map();

  constructor(parts: DutyParts) {
    this.#parts = parts;
  }

  /** Hands leadership to `to`, or to whoever is most caught up; answered when it is gone. */
  transfer(id: number, to: MemberId | null): void {
    const { port, core, clock, electionTimeoutMs } = this.#parts;
    const target = to ?? core.transferTarget();
    const why = target === null ? "no other voting manager can be reached" : core.transfer(target);
    if (why !== null) {
      const reason = core.status().role === "leader" ? "NOT_PERMITTED" : "NO_LEADER";
      const error = new WarrenError(reason, `Cannot hand over leadership: ${why}`);
      return port.answer(id, error.toInfo());
    }
    // The core has given the earlier one up by now.
    this.#endTransfer(true);
    this.#transfer = { id, untilMs: clock.monoNow() + electionTimeoutMs + TRANSFER_SLACK_MS };
  }

  /** Changes the membership by one step; answered when committed. */
  change(id: number, change: MembershipChange): void {
    const { port, core } = this.#parts;
    const proposed = core.changeMembership(change);
    if (proposed.isOk) {
      const { index, term } = proposed;
      this.#endChange();
      this.#change = { id, index, term };
      return;
    }
    const { reason, detail } = proposed;
    const message = `Cannot change the managers: ${detail || reason}`;
    port.answer(id, new WarrenError(CHANGE_REASONS[reason], message).toInfo());
  }

  /** Everything up to `index` is committed. */
  committed(index: number): void {
    if (this.#change && index >= this.#change.index) this.#endChange();
  }

  /** Time went on. */
  tick(nowMs: number): void {
    if (this.#transfer && nowMs >= this.#transfer.untilMs) this.#endTransfer(true);
  }

  /** This member leads no more. */
  end(): void {
    this.#levelSince = new Map();
    this.#endTransfer(false);
    this.#endChange();
  }

  /** Makes a voter of a learner that has been level for a while. */
  promote(nowMs: number): void {
    const { core, log, heartbeatTimeoutMs } = this.#parts;
    const { hasOwnCommit, hasOpenChange, committed, membership, transferTo } = core.status();
    if (!hasOwnCommit || hasOpenChange || transferTo || membership.learners.length === 0) return;
    const learners = core.peers().filter(({ isVoter }) => !isVoter)
      .map((peer) => peerView(peer, heartbeatTimeoutMs));
    const before = this.#levelSince;
    const { promote, since } = planPromotion(learners, committed, { nowMs, before });
    this.#levelSince = since;
    if (promote === null) return;
    const { isOk } = core.changeMembership({ kind: "promote", id: promote });
    if (isOk) log.info("a manager has caught up and votes now", { member_id: promote });
  }

  #endTransfer(hasFailed: boolean): void {
    const transfer = this.#transfer;
    if (!transfer) return;
    this.#transfer = null;
    const message = "Cannot hand over leadership: the other manager did not take it in time";
    const error = hasFailed ? new WarrenError("NOT_SETTLED", message).toInfo() : null;
    this.#parts.port.answer(transfer.id, error);
  }

  /** A leader that removed itself leads no more because the change is committed. */
  #endChange(): void {
    const { core, port } = this.#parts;
    const change = this.#change;
    this.#change = null;
    if (!change) return;
    const isOurs = core.status().committed >= change.index &&
      core.termAt(change.index) === change.term;
    port.answer(change.id, isOurs ? null : unknownOutcome().toInfo());
  }
}
