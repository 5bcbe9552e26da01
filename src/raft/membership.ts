/**
 * Membership: who is in it, which changes are allowed, and its history along the log.
 *
 * A change is in force from the moment it is appended, so the history can be rolled back when its
 * entry is truncated (rules E3 and E4). One voter at a time: any majority before a change and any
 * after it share a member (dissertation 4.1), given that the leader has committed an entry of its own
 * term first (the correction of 2015), which the core checks.
 */
import { assert } from "../lib/mod.ts";
import type { MemberId, Membership } from "./message.ts";

/** One step of change. */
export type MembershipChange =
  | { readonly kind: "add learner"; readonly id: MemberId }
  | { readonly kind: "promote"; readonly id: MemberId }
  | { readonly kind: "demote"; readonly id: MemberId }
  | { readonly kind: "remove"; readonly id: MemberId };

/** Nobody. */
export const NO_MEMBERS: Membership = { voters: [], outgoing: [], learners: [] };

/** A membership of voters only. */
export function membersOf(...voters: MemberId[]): Membership {
  return { voters: [...voters].sort(), outgoing: [], learners: [] };
}

/** Everyone in it, sorted. */
export function everyone({ voters, outgoing, learners }: Membership): readonly MemberId[] {
  return [...new Set([...voters, ...outgoing, ...learners])].sort();
}

/** Whether `id` votes in either half. */
export function isVoter({ voters, outgoing }: Membership, id: MemberId): boolean {
  return voters.includes(id) || outgoing.includes(id);
}

/** The membership after `change`, or why it is not allowed. */
export function changed(before: Membership, change: MembershipChange): Membership | string {
  const { voters, learners } = before;
  if (before.outgoing.length > 0) return "a joint change is not finished";
  const [votes, learns] = [voters.includes(change.id), learners.includes(change.id)];
  switch (change.kind) {
    case "add learner":
      if (votes || learns) return "it is a member already";
      return { ...before, learners: [...learners, change.id].sort() };
    case "promote":
      if (!learns) return votes ? "it is a voter already" : "it is not a learner yet";
      return {
        ...before,
        voters: [...voters, change.id].sort(),
        learners: without(learners, change.id),
      };
    case "demote":
      if (!votes) return "it is not a voter";
      if (voters.length === 1) return "it is the last voter";
      return {
        ...before,
        voters: without(voters, change.id),
        learners: [...learners, change.id].sort(),
      };
    case "remove":
      if (!votes && !learns) return "it is not a member";
      if (votes && voters.length === 1) return "it is the last voter";
      return {
        ...before,
        voters: without(voters, change.id),
        learners: without(learners, change.id),
      };
  }
}

function without(ids: readonly MemberId[], id: MemberId): readonly MemberId[] {
  return ids.filter((other) => other !== id);
}

/** The memberships along the log, from the newest that is surely committed on. */
export class MembershipHistory {
  #stack: { readonly index: number; readonly membership: Membership }[];

  /** Begins with the membership as of `index`, which is committed. */
  constructor(index: number, membership: Membership) {
    this.#stack = [{ index, membership }];
  }

  /** In force now. */
  get latest(): Membership {
    return this.#top.membership;
  }

  /** Index of the entry that brought the membership in force. */
  get latestIndex(): number {
    return this.#top.index;
  }

  /** The membership as of `index`: for snapshots. */
  at(index: number): Membership {
    const found = this.#stack.findLast((step) => step.index <= index);
    assert(found, `the membership at ${index} is known`);
    return found.membership;
  }

  /** Those that may be in force when everything up to `committed` is: the last of those, and all after. */
  since(committed: number): readonly Membership[] {
    const first = this.#stack.findLastIndex(({ index }) => index <= committed);
    return this.#stack.slice(Math.max(0, first)).map(({ membership }) => membership);
  }

  /** The entry at `index` was appended. */
  append(index: number, membership: Membership): void {
    assert(index > this.latestIndex, "memberships are appended in order");
    this.#stack.push({ index, membership });
  }

  /** Entries from `index` on were truncated. */
  truncate(index: number): void {
    while (this.#stack.length > 1 && this.latestIndex >= index) this.#stack.pop();
    assert(this.latestIndex < index, "a committed membership is not truncated");
  }

  /** A snapshot replaced the log: its membership is all there is. */
  reset(index: number, membership: Membership): void {
    this.#stack = [{ index, membership }];
  }

  /** Everything up to `index` is in a snapshot: older steps are not asked for any more. */
  compact(index: number): void {
    while (this.#stack.length > 1 && (this.#stack[1]?.index ?? Infinity) <= index) {
      this.#stack.shift();
    }
  }

  get #top() {
    const top = this.#stack.at(-1);
    assert(top, "a membership is always known");
    return top;
  }
}
