/**
 * A group under load, on which a fault is tried, and what was seen meanwhile.
 *
 * Made by a trial, which also judges; a fault acts on it and writes down what it saw.
 */
import { Prng } from "../../src/lib/mod.ts";
import type { Caller } from "./caller.ts";
import type { Group } from "./group.ts";
import type { Load } from "./load.ts";

/** What a fault works with. */
export class Stage {
  readonly group: Group;
  readonly load: Load;
  readonly prng: Prng;
  readonly caller: Caller;
  /** Progress for people. */
  readonly say: (line: string) => void;
  /** Milliseconds without an accepted write, one for each time that harm was done. */
  readonly gapsMs: number[] = [];
  readonly times = new Map<string, number[]>();
  readonly notes: string[] = [];
  readonly broken: string[] = [];

  constructor(parts: {
    readonly group: Group;
    readonly load: Load;
    readonly caller: Caller;
    readonly seed: number;
    readonly say: (line: string) => void;
  }) {
    this.group = parts.group;
    this.load = parts.load;
    this.caller = parts.caller;
    this.prng = new Prng(parts.seed);
    this.say = parts.say;
  }

  /** Measures from `sinceMs` to the next accepted write, and keeps it. */
  async accepted(sinceMs: number): Promise<number> {
    const gapMs = await this.load.timeToAccept(sinceMs);
    this.gapsMs.push(gapMs);
    return gapMs;
  }

  /** Keeps a time of another kind. */
  time(what: string, tookMs: number): void {
    this.times.set(what, [...(this.times.get(what) ?? []), tookMs]);
  }

  /** Waits at random, so that faults do not fall on the same moment of a period. */
  async breathe(leastMs: number, mostMs = leastMs): Promise<void> {
    await pause(leastMs + this.prng.below(mostMs - leastMs + 1));
  }
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
