/**
 * Consensus beside etcd: writes of 100 bytes from several numbers of concurrent callers, three
 * members each on one machine, defaults, syncs on, levels in turn so that noise meets all alike.
 *
 * etcd is asked over its own gRPC API by one client process; Warren once by its proposer, in the
 * leader's process, and once over its API by the same client as etcd.
 */
import { type LevelFigures, type LevelTimes, runLevel } from "./closed_loop.ts";
import { startApiGroup } from "./consensus_api.ts";
import type { Contender } from "./contender.ts";
import { ConsensusGroup } from "./consensus_group.ts";
import { cpuSecondsOf } from "./cpu.ts";
import { EtcdGroup, PUT_PATH, putRequest } from "./etcd.ts";
import { RawGrpc } from "./raw_grpc.ts";
import type { Section } from "./report.ts";

/** Numbers of concurrent callers. */
const LEVELS = [1, 16, 64, 256];
const VALUE_BYTES = 100;
const KEYS = 1_000;
const ROUNDS = 3;
const TIMES: LevelTimes = { warmMs: 1_000, measureMs: 4_000 };

/** One level of one contender in one round. */
interface Measured extends LevelFigures {
  readonly cpuMsPerThousand: number;
  readonly syncsPerSecond: number;
}

/** Rates and latencies of all contenders at all levels; of the rounds the one with the median rate. */
export async function measureConsensus(): Promise<Section> {
  await using stack = new AsyncDisposableStack();
  const contenders = [
    stack.use(await etcd()),
    stack.use(await proposals()),
    stack.use(await startApiGroup(VALUE_BYTES, TIMES)),
  ];
  const all = new Map<string, Measured[]>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const callers of LEVELS) {
      for (const contender of contenders) {
        const key = `${contender.name} ${callers}`;
        all.set(key, [...(all.get(key) ?? []), await measure(contender, callers)]);
      }
    }
  }
  const found = (name: string, callers: number) => middle(all.get(`${name} ${callers}`) ?? []);
  const [first] = contenders;
  return {
    id: "consensus",
    title: `Writes of ${VALUE_BYTES} bytes, 3 members on one machine`,
    columns: [
      ...["callers", "who", "writes/s", "beside etcd", "p50 ms", "p99", "max"],
      ...["CPU ms per 1,000 writes", "syncs/s"],
    ],
    rows: LEVELS.flatMap((callers) =>
      contenders.map(({ name }) => {
        const figures = found(name, callers);
        const base = found(first?.name ?? "", callers).perSecond;
        return [String(callers), name, ...shown(figures, base)];
      })
    ),
  };
}

async function measure(contender: Contender, callers: number): Promise<Measured> {
  const [cpu, syncs, startMs] = [cpuOf(contender), await contender.syncs(), performance.now()];
  const figures = await contender.level(callers);
  const tookS = (performance.now() - startMs) / 1_000;
  // Warming up costs as much as measuring, so both are divided by all that was written.
  const written = figures.perSecond * tookS;
  return {
    ...figures,
    cpuMsPerThousand: (cpuOf(contender) - cpu) * 1_000 / written * 1_000,
    syncsPerSecond: (await contender.syncs() - syncs) / tookS,
  };
}

function cpuOf({ pids }: Contender): number {
  return pids.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
}

async function etcd(): Promise<Contender> {
  const group = await EtcdGroup.start();
  const leader = await group.findLeader();
  if (!leader) throw new Error("etcd has no leader");
  const grpc = await RawGrpc.open(leader, PUT_PATH);
  const value = new Uint8Array(VALUE_BYTES).fill(0x78);
  let key = 0;
  return {
    name: "etcd: Put",
    pids: group.pids,
    syncs: () => group.syncs(),
    level: (callers) =>
      runLevel(callers, TIMES, () => grpc.call(putRequest(`key-${key++ % KEYS}`, value))),
    async [Symbol.asyncDispose]() {
      await grpc.close();
      await group[Symbol.asyncDispose]();
    },
  };
}

async function proposals(): Promise<Contender> {
  const group = await ConsensusGroup.start();
  return {
    name: "Warren: proposals",
    pids: group.pids,
    syncs: () => group.syncs(),
    level: (callers) => group.load(callers, VALUE_BYTES, TIMES),
    [Symbol.asyncDispose]: () => group[Symbol.asyncDispose](),
  };
}

function middle(rounds: readonly Measured[]): Measured {
  const sorted = rounds.toSorted((a, b) => a.perSecond - b.perSecond);
  const round = sorted[Math.floor(sorted.length / 2)];
  if (!round) throw new Error("nothing was measured");
  return round;
}

function shown(figures: Measured, base: number): string[] {
  return [
    figures.perSecond.toFixed(0),
    `${(figures.perSecond / base).toFixed(2)} x`,
    figures.p50Ms.toFixed(1),
    figures.p99Ms.toFixed(1),
    figures.maxMs.toFixed(0),
    figures.cpuMsPerThousand.toFixed(0),
    figures.syncsPerSecond.toFixed(0),
  ];
}
