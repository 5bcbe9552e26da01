/**
 * The runs that every change must pass: seeds that together meet every mark, and those that failed once.
 */
import type { Faults } from "./options.ts";

/** Meets every mark; virtual seconds before healing. */
export const FIXED = { from: 1, to: 260, seconds: 80 } as const;

/** A run that failed once, made as small as it would still fail. */
export interface Regression {
  readonly seed: number;
  readonly seconds: number;
  readonly without: readonly (keyof Faults)[];
  /** What it showed. */
  readonly why: string;
}

/** A seed means another run after the options of runs have changed; then it is one more fresh seed. */
export const REGRESSIONS: readonly Regression[] = [
  {
    seed: 498,
    seconds: 71,
    without: ["slowDisk"],
    why: "a disk lost its newest batch while a voter was being taken away: too much harm at a time",
  },
  {
    seed: 553,
    seconds: 102,
    without: ["delay", "pause"],
    why: "the same, with the change on a member that was down",
  },
  {
    seed: 588,
    seconds: 60,
    without: [],
    why: "a member that was removed waits for an entry that it will never get, to answer a read",
  },
  {
    seed: 1102,
    seconds: 147,
    without: ["loss", "delay", "partition"],
    why: "a leader with hundreds of entries to send one by one commits late, and may",
  },
  {
    seed: 1423,
    seconds: 210,
    without: ["loss"],
    why: "the same, with the change under way from a member that crashed before it was written",
  },
  {
    seed: 576,
    seconds: 74,
    without: [],
    why: "a lost entry was committed later, without the member that lost it: it owes nothing",
  },
  {
    seed: 3963,
    seconds: 92,
    without: [],
    why:
      "a member that campaigned for long has its first entry to write when it wins: that is no idle disk",
  },
];
