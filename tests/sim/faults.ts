/**
 * What goes wrong in a run: partitions of several kinds, clogged and broken links, crashes, pauses,
 * stalled disks, clocks that run apart. Everything is drawn from one source of its own.
 */
import type { Prng } from "../../src/lib/mod.ts";
import type { MemberId } from "../../src/raft/mod.ts";
import type { Faults } from "./options.ts";
import type { Network } from "./network.ts";
import type { SimMember } from "./member.ts";

/** What the injector may do to the world. */
export interface Target {
  readonly members: ReadonlyMap<MemberId, SimMember>;
  readonly network: Network;
  crash(member: SimMember, restartTick: number, losesNewest: boolean): void;
  pause(member: SimMember, untilTick: number): void;
  reset(from: MemberId, to: MemberId): void;
}

/** Injects the faults of one tick. */
export function injectFaults(target: Target, faults: Faults, prng: Prng, tick: number): void {
  const ids = [...target.members.keys()];
  const running = [...target.members.values()].filter(({ core }) => core !== null);
  const some = (most: number) => tick + 1 + prng.below(most);
  if (prng.chance(faults.partition)) {
    partition(target.network, victimFirst(ids, running, prng), prng, some(prng.pick([120, 600])));
  }
  if (prng.chance(faults.oneWay)) target.network.cut(prng.pick(ids), prng.pick(ids), some(400));
  if (prng.chance(faults.clog)) clog(target.network, ids, prng, tick);
  if (prng.chance(faults.reset)) target.reset(prng.pick(ids), prng.pick(ids));
  if (running.length === 0) return;
  if (prng.chance(faults.crash)) crashOne(target, running, faults, prng, tick);
  if (prng.chance(faults.crashAll)) {
    for (const member of running) target.crash(member, some(100), false);
  }
  if (prng.chance(faults.pause)) target.pause(prng.pick(running), some(300));
  if (prng.chance(faults.stall)) prng.pick(running).disk.stalledUntil = some(250);
}

/** Who has writes under way is the likelier victim. */
function crashOne(
  target: Target,
  running: readonly SimMember[],
  faults: Faults,
  prng: Prng,
  tick: number,
): void {
  const busy = running.filter(({ disk }) => disk.pending > 0);
  const victim = busy.length > 0 && prng.chance(0.7) ? prng.pick(busy) : prng.pick(running);
  const restartTick = tick + (prng.chance(0.5) ? 1 + prng.below(20) : prng.below(500));
  target.crash(victim, restartTick, prng.chance(faults.doubt));
}

/** Members in some order; whoever leads is the likeliest victim. */
function victimFirst(
  ids: readonly MemberId[],
  running: readonly SimMember[],
  prng: Prng,
): readonly MemberId[] {
  const leader = running.find((member) => member.status()?.role === "leader")?.id;
  const order = shuffled(ids, prng);
  if (leader === undefined || prng.chance(0.5)) return order;
  return [leader, ...order.filter((id) => id !== leader)];
}

/** Cuts the group in one of several shapes. */
function partition(
  network: Network,
  order: readonly MemberId[],
  prng: Prng,
  until: number,
): void {
  const size = 1 + prng.below(Math.max(1, order.length - 1));
  const shape = prng.pick(["isolate", "split", "bridge", "ring"] as const);
  const isApart = (a: number, b: number): boolean => {
    switch (shape) {
      case "isolate":
        return a === 0 || b === 0;
      case "split":
        return a < size !== b < size;
      case "bridge":
        return a !== 0 && b !== 0 && a <= size !== b <= size;
      case "ring": {
        const distance = Math.abs(a - b);
        return distance !== 1 && distance !== order.length - 1;
      }
    }
  };
  order.forEach((from, a) => {
    order.forEach((to, b) => {
      if (a !== b && isApart(a, b)) network.cut(from, to, until);
    });
  });
}

/** One link, or all of one member's one after another, to be freed in another order. */
function clog(network: Network, ids: readonly MemberId[], prng: Prng, tick: number): void {
  const from = prng.pick(ids);
  const targets = prng.chance(0.3) ? ids : [prng.pick(ids)];
  for (const to of targets) network.clog(from, to, tick + 1 + prng.below(500));
}

function shuffled<T>(items: readonly T[], prng: Prng): T[] {
  const left = [...items];
  const taken: T[] = [];
  while (left.length > 0) taken.push(...left.splice(prng.below(left.length), 1));
  return taken;
}
