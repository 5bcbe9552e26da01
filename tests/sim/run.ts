/**
 * One run: anything goes for a while, then everything is healed and the group must come to rest.
 *
 * The seed and the code decide everything. A failure carries what is needed to see it again.
 */
import { Prng } from "../../src/lib/mod.ts";
import type { MemberId, Membership } from "../../src/raft/mod.ts";
import type { Marks } from "./marks.ts";
import { drawOptions, FAULT_KINDS, type Faults, type Options } from "./options.ts";
import { must, Violation } from "./checks/violation.ts";
import { World } from "./world.ts";

/** What came of a run. */
export interface Outcome {
  readonly seed: number;
  readonly ticks: number;
  readonly marks: Marks;
  readonly committed: number;
  readonly leaderships: number;
  readonly operations: number;
  /** Two runs of one seed agree on it. */
  readonly trace: number;
  readonly failure: Failure | null;
}

/** A broken rule, and where. */
export interface Failure {
  readonly rule: string;
  readonly message: string;
  readonly tick: number;
  readonly state: string;
}

/** Ticks in a second. */
export const TICKS_A_SECOND = 100;

/** What a run of `seed` is like, with some kinds of faults switched off. */
export function optionsOf(
  seed: number,
  seconds: number,
  without: readonly (keyof Faults)[] = [],
): Options {
  const options = drawOptions(seed, Math.round(seconds * TICKS_A_SECOND), new Prng(seed ^ 0x5eed));
  const off = Object.fromEntries(without.map((kind) => [kind, 0]));
  return { ...options, faults: { ...options.faults, ...off } };
}

/** Runs it to the end, or to the first broken rule. */
export function runOnce(options: Options): Outcome {
  const world = new World(options);
  let failure: Failure | null = null;
  try {
    for (let n = 0; n < options.ticks; n++) world.step();
    recover(world);
    world.clients.check();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const rule = error instanceof Violation ? error.rule : error.name;
    failure = { rule, message: error.message, tick: world.tick, state: safely(world) };
    if (!(error instanceof Violation) && error.name !== "BugError") {
      failure = { ...failure, message: error.stack ?? error.message };
    }
  }
  return {
    seed: options.seed,
    ticks: world.tick,
    marks: world.marks,
    committed: world.oracle.committed,
    leaderships: world.oracle.leaderships,
    operations: world.clients.finished,
    trace: world.trace,
    failure,
  };
}

function safely(world: World): string {
  try {
    return world.describe();
  } catch (error) {
    return `no state: ${error instanceof Error ? error.message : error}`;
  }
}

/** Liveness: what is left must elect, answer everyone who waits, and come level. */
function recover(world: World): void {
  const dead = world.options.losesMinority ? chooseDead(world) : new Set<MemberId>();
  world.heal(dead);
  const base = Math.max(50, world.options.config.electionTimeoutTicks ?? 50);
  // With tiny windows a leader needs its time to bring others level before it can commit.
  const lasts = [...world.members.values()].map(({ mirror }) => mirror.lastIndex);
  const backlog = Math.max(...lasts) - Math.min(...lasts);
  const commits = () => leaderOf(world) !== undefined;
  until(world, 10 * base + 20 + 6 * backlog, "a leader that commits", commits);
  const applied = [...world.members.values()].map(({ machine }) => machine.index);
  const limit = 3_000 + 20 * (world.oracle.committed - Math.min(...applied));
  until(world, limit, "everyone to be answered", () => world.clients.isIdle);
  until(world, limit, "everyone to be level", () => isLevel(world, dead));
  // Who was removed may wait for ever for an entry that nobody sends it: its driver gives up some time.
  const members = () => everyone(world).map((id) => world.members.get(id));
  const reading = () => members().some((member) => (member?.openReads.size ?? 0) > 0);
  until(world, 20 * base, "every read to be answered or to fail", () => !reading());
  until(world, 10 * base, "a leader that stays", () => isSettled(world));
  // Nobody disturbs a group that is whole, not even members that were removed (rule A7).
  const { leaderships } = world.oracle;
  for (let n = 0; n < 4 * base; n++) world.step();
  must(world.oracle.leaderships === leaderships, "stability", "a healed group changes its leader");
  must(leaderOf(world) !== undefined, "stability", "a healed group keeps its leader");
  handOver(world, base);
  world.oracle.checkQuorums();
}

/** A transfer in a group that is whole succeeds, well before a failover would (rules D1 to D5). */
function handOver(world: World, base: number): void {
  const leader = world.members.get(leaderOf(world) ?? "");
  const status = leader?.status();
  const target = status?.membership.voters.find((id) =>
    id !== leader?.id && world.members.get(id)?.core && status.matches[id] === status.lastIndex
  );
  if (!leader || !status || target === undefined) return;
  must(leader.core?.transfer(target) === null, "transfer", `${leader.id} begins one to ${target}`);
  until(world, base, `${target} to take over`, () => leaderOf(world) === target);
  must(world.oracle.newestTerm === status.term + 1, "transfer", "it takes one term");
}

function until(world: World, ticks: number, what: string, isDone: () => boolean): void {
  for (let n = 0; n < ticks; n++) {
    if (isDone()) return;
    world.step();
  }
  must(isDone(), "liveness", `${what} did not come within ${ticks} ticks of healing`);
}

/** Whether the leader is a voter, and no change is under way that may make it leave. */
function isSettled(world: World): boolean {
  const { voters } = world.oracle.membership;
  const leader = leaderOf(world);
  const isOpen = world.openMemberships().length > 0;
  const isLeaving = world.members.get(leader ?? "")?.status()?.transferTo !== null;
  return leader !== undefined && voters.includes(leader) && !isOpen && !isLeaving;
}

/** Who leads and has committed an entry of its own term. */
function leaderOf(world: World): MemberId | undefined {
  for (const { id, core } of world.members.values()) {
    const status = core?.status();
    if (status?.role === "leader" && core?.termAt(status.committed) === status.term) return id;
  }
  return undefined;
}

/** Members by the membership that was committed last. */
function everyone(world: World): readonly MemberId[] {
  const { voters, learners } = world.oracle.membership;
  return [...voters, ...learners];
}

function isLevel(world: World, dead: ReadonlySet<MemberId>): boolean {
  return everyone(world).every((id) => {
    const member = world.members.get(id);
    return dead.has(id) || member?.machine.index === world.oracle.committed;
  });
}

/** Members that may stay dead: every membership that may be in force keeps a majority that can vote. */
function chooseDead(world: World): Set<MemberId> {
  const latest = [...world.members.values()].flatMap(({ core }) => core?.status().membership ?? []);
  const all = [world.oracle.membership, ...world.openMemberships(), ...latest];
  const doubtful = [...world.members.values()].filter(({ disk }) => disk.isInDoubt);
  const dead = new Set<MemberId>(doubtful.map(({ id }) => id));
  const chosen = new Set<MemberId>();
  for (const id of world.oracle.membership.voters) {
    dead.add(id);
    if (all.every((membership) => hasMajority(membership, dead))) chosen.add(id);
    else if (!doubtful.some((member) => member.id === id)) dead.delete(id);
  }
  return chosen;
}

function hasMajority({ voters }: Membership, dead: ReadonlySet<MemberId>): boolean {
  return voters.length === 0 ||
    voters.filter((id) => !dead.has(id)).length * 2 > voters.length;
}

/** The smallest run found that breaks the same rule: kinds of faults switched off, time cut. */
export function minimise(seed: number, seconds: number, rule: string): string {
  let [without, length] = [[] as (keyof Faults)[], seconds];
  const stillFails = (off: readonly (keyof Faults)[], time: number) =>
    runOnce(optionsOf(seed, time, off)).failure?.rule === rule;
  const first = runOnce(optionsOf(seed, length));
  if (first.failure && first.failure.tick < length * TICKS_A_SECOND) {
    const shorter = Math.ceil(first.failure.tick / TICKS_A_SECOND);
    if (stillFails(without, shorter)) length = shorter;
  }
  for (const kind of FAULT_KINDS) {
    if (optionsOf(seed, 1).faults[kind] === 0) continue;
    if (stillFails([...without, kind], length)) without = [...without, kind];
  }
  while (length > 1 && stillFails(without, Math.floor(length * 0.7))) {
    length = Math.floor(length * 0.7);
  }
  const off = without.length > 0 ? ` --without ${without.join(",")}` : "";
  return `--seed ${seed} --seconds ${length}${off}`;
}
