/**
 * What one run is like: its members, its faults and its tiny limits, all drawn from the seed.
 *
 * "Swarm": each kind of fault is absent from some runs and frequent in others, because faults hide each
 * other. A failing run is made smaller by switching kinds off.
 */
import type { Prng } from "../../src/lib/mod.ts";
import type { CoreConfig } from "../../src/raft/mod.ts";

/** How often and how bad; 0 is "never". Chances are per message or per tick, times in ticks of 10 ms. */
export interface Faults {
  /** Chance that a message is lost. */
  readonly loss: number;
  readonly duplicate: number;
  /** Chance that a message overtakes those before it. */
  readonly reorder: number;
  /** Mean of the exponential one-way delay beyond the first tick. */
  readonly delay: number;
  /** Messages on one link at a time; more are dropped. 0 is no limit. */
  readonly queue: number;
  /** Chance a tick of a partition of some kind, of a one-way cut, of a clogged link, of a reset link. */
  readonly partition: number;
  readonly oneWay: number;
  readonly clog: number;
  readonly reset: number;
  /** Chance a tick that one member crashes, that all do, that one is paused. */
  readonly crash: number;
  readonly crashAll: number;
  readonly pause: number;
  /** Chance that a crash takes the newest batch along, though it was durable. */
  readonly doubt: number;
  /** Chance a tick that one disk answers nothing for a while. */
  readonly stall: number;
  /** Longest write and longest apply. */
  readonly slowDisk: number;
  readonly slowApply: number;
  /** How far clocks run apart: 1 is up to half and double speed. */
  readonly drift: number;
  /** Chance a tick of a snapshot, of a transfer, of a change of the membership. */
  readonly compact: number;
  readonly transfer: number;
  readonly churn: number;
}

/** Everything a run depends on besides the code. */
export interface Options {
  readonly seed: number;
  /** Ticks of the phase in which anything goes. */
  readonly ticks: number;
  readonly voters: number;
  readonly clients: number;
  /** Ticks a client rests between two requests, at most. */
  readonly restTicks: number;
  /** Chance that outputs are taken after each input rather than once a tick. */
  readonly pump: number;
  /** Every how many ticks outputs are taken at the latest: inputs that meet in one batch. */
  readonly lazyTicks: number;
  /** Entries kept behind a snapshot, at most. */
  readonly trailing: number;
  /** Whether a minority stays dead when the rest is healed. */
  readonly losesMinority: boolean;
  readonly faults: Faults;
  readonly config: Partial<CoreConfig>;
}

/** Nothing goes wrong. */
export const CALM: Faults = {
  loss: 0,
  duplicate: 0,
  reorder: 0,
  delay: 0,
  queue: 0,
  partition: 0,
  oneWay: 0,
  clog: 0,
  reset: 0,
  crash: 0,
  crashAll: 0,
  pause: 0,
  doubt: 0,
  stall: 0,
  slowDisk: 0,
  slowApply: 0,
  drift: 0,
  compact: 0,
  transfer: 0,
  churn: 0,
};

/** The worst of each kind. */
const WORST: Faults = {
  loss: 0.3,
  duplicate: 0.3,
  reorder: 0.5,
  delay: 5,
  queue: 30,
  partition: 0.02,
  oneWay: 0.01,
  clog: 0.02,
  reset: 0.02,
  crash: 0.02,
  crashAll: 0.0005,
  pause: 0.005,
  doubt: 0.5,
  stall: 0.005,
  slowDisk: 15,
  slowApply: 30,
  drift: 1,
  compact: 0.1,
  transfer: 0.005,
  churn: 0.01,
};

/** The kinds of faults by name. */
export const FAULT_KINDS = Object.keys(CALM) as readonly (keyof Faults)[];

/** The faults of a run: each kind is off in a part of the runs, and seldom at its worst. */
function drawFaults(prng: Prng): Faults {
  const share = 0.2 + 0.7 * prng.float();
  const drawn = FAULT_KINDS.map((kind) => {
    const size = WORST[kind] * prng.float() ** 2;
    const amount = kind === "queue" ? 2 + Math.round(size) : size;
    return [kind, prng.chance(share) ? amount : 0] as const;
  });
  return { ...CALM, ...Object.fromEntries(drawn) };
}

/** Tiny limits, each in a part of the runs, so that their edges are met often. */
function drawConfig(prng: Prng): Partial<CoreConfig> {
  const heartbeatTimeoutTicks = prng.chance(0.5) ? 50 : 20 + prng.below(40);
  const tiny: Partial<CoreConfig> = {
    inflightMessages: 1 + prng.below(4),
    inflightBytes: 50 + prng.below(500),
    maxAppendEntries: 1 + prng.below(3),
    maxAppendBytes: 40 + prng.below(200),
    maxUncommittedBytes: 100 + prng.below(1_000),
    maxApplyBytes: 40 + prng.below(200),
    maxUnappliedBytes: 100 + prng.below(1_000),
    maxKeptBytes: 300 + prng.below(2_000),
    maxPendingReads: 1 + prng.below(4),
    maxOpenRounds: 1 + prng.below(3),
  };
  const share = prng.pick([0, 0.2, 0.6]);
  const drawn = Object.entries(tiny).filter(() => prng.chance(share));
  return {
    heartbeatTimeoutTicks,
    electionTimeoutTicks: heartbeatTimeoutTicks + prng.below(20),
    leaseTicks: Math.floor(heartbeatTimeoutTicks / 2),
    heartbeatTicks: Math.max(1, Math.floor(heartbeatTimeoutTicks / 10)),
    stallTicks: 60 + prng.below(60),
    diskProbeTicks: 60 + prng.below(100),
    ...Object.fromEntries(drawn),
  };
}

/** The run of a seed, of `ticks` ticks before everything is healed. */
export function drawOptions(seed: number, ticks: number, prng: Prng): Options {
  const options: Options = {
    seed,
    ticks,
    voters: prng.pick([1, 2, 3, 3, 3, 3, 4, 5, 5]),
    clients: 1 + prng.below(5),
    restTicks: 1 + prng.below(60),
    pump: prng.pick([0, 0.5, 1]) * prng.float(),
    lazyTicks: prng.pick([1, 1, 1, 2, 6]),
    trailing: prng.pick([0, 1, 3, 20]),
    losesMinority: prng.chance(0.3),
    faults: drawFaults(prng),
    config: drawConfig(prng),
  };
  const family = prng.float();
  if (family < 0.1) return rivalry(options);
  if (family < 0.2) return contest(options, prng);
  if (family < 0.3) return doubt(options, prng);
  if (family < 0.36) return echoes(options, prng);
  return family < 0.42 ? absence(options, prng) : options;
}

/** Leaders that are cut off for a moment while the others go on and compact: what chance seldom brings. */
function rivalry(options: Options): Options {
  const faults = { ...CALM, delay: 3, partition: 0.03, compact: 0.5, crash: 0.003, churn: 0.003 };
  return { ...options, voters: 3, trailing: 0, clients: 5, restTicks: 3, config: {}, faults };
}

/** Changes of the membership by leaders that do not know of each other. */
function contest(options: Options, prng: Prng): Options {
  const faults = {
    ...CALM,
    delay: 1 + 4 * prng.float(),
    partition: 0.004 + 0.006 * prng.float(),
    loss: 0.2 * prng.float(),
    crash: 0.01 * prng.float(),
    churn: 0.1,
  };
  return { ...options, voters: prng.pick([3, 4, 4, 5]), restTicks: 30, faults };
}

/** Disks that lose what was acknowledged, one at a time. */
function doubt(options: Options, prng: Prng): Options {
  const faults = {
    ...CALM,
    delay: 3 * prng.float(),
    loss: 0.1 * prng.float(),
    partition: 0.01 * prng.float(),
    crash: 0.03,
    doubt: 1,
    slowDisk: 15 * prng.float(),
  };
  // What was lost comes back one by one, so that every state in between is met.
  const isGradual = prng.chance(0.5);
  const slow = { maxAppendEntries: 1, inflightMessages: 4, heartbeatTicks: 1 };
  return {
    ...options,
    voters: prng.pick([3, 3, 5]),
    clients: 5,
    restTicks: 5,
    lazyTicks: isGradual ? 6 : options.lazyTicks,
    config: isGradual ? { ...options.config, ...slow } : options.config,
    faults: isGradual ? { ...faults, crash: 0.008, partition: 0 } : faults,
  };
}

/** Leadership that comes back while answers to an earlier one are still on their way. */
function echoes(options: Options, prng: Prng): Options {
  const faults = {
    ...CALM,
    delay: 2 * prng.float(),
    reorder: 0.3 * prng.float(),
    clog: 0.03,
    partition: 0.01 * prng.float(),
    transfer: 0.05,
  };
  return { ...options, voters: prng.pick([3, 3, 5]), clients: 5, restTicks: 5, faults };
}

/** Leaders that are stopped or run slow, and are asked as soon as they go on, though others lead. */
function absence(options: Options, prng: Prng): Options {
  const faults = {
    ...CALM,
    delay: prng.float(),
    pause: 0.01,
    partition: 0.005,
    drift: prng.float(),
    slowApply: 3 * prng.float(),
  };
  return { ...options, voters: 3, clients: 5, restTicks: 3, pump: 1, faults };
}
