/**
 * One member of a consensus group as a process of its own: the real driver, disk and transport, and a
 * state machine that only counts. Proposals are made in this process.
 *
 * Started by `consensus_group.ts`, which tells it what to do in lines of JSON on its input and reads
 * one line of JSON for each from its output. It ends when its input does.
 */
import { noMetrics, realClock, silentLog } from "../../src/lib/mod.ts";
import { asIndex } from "../../src/model/mod.ts";
import { DEFAULT_TIMES } from "../../src/raft/mod.ts";
import { RaftNode } from "../../src/manager/raft/raft_node.ts";
import type { StateMachine } from "../../src/manager/raft/state_machine.ts";
import { type LevelTimes, runLevel } from "./closed_loop.ts";

/** How a member is started, as JSON in its first argument. */
export interface MemberSetup {
  readonly memberId: string;
  /** `host:port` to listen on. */
  readonly address: string;
  readonly dir: string;
  readonly isFounder: boolean;
}

/** What a member can be told. */
export type MemberOrder =
  | { readonly kind: "add"; readonly id: string; readonly address: string }
  | { readonly kind: "status" }
  | {
    readonly kind: "load";
    readonly callers: number;
    readonly valueBytes: number;
    readonly times: LevelTimes;
  };

/** Where a member stands. */
export interface MemberStatus {
  readonly leads: boolean;
  readonly voters: number;
  readonly syncs: number;
}

/** A load in which leadership moved. */
export interface FailedLoad {
  readonly failed: string;
}

const CLUSTER = "benchbenchbenchbenchbench";
const SNAPSHOT_THRESHOLD = 8_192;
const TRAILING_LOGS = 10_240;

let syncs = 0;

/** Counts entries; its whole state is their number. */
function counter(): StateMachine {
  let index = 0;
  return {
    get index() {
      return index;
    },
    apply(at) {
      index = at;
      return { ok: true, index: asIndex(at) };
    },
    skip(at) {
      index = at;
    },
    restore(state) {
      index = Number(new TextDecoder().decode(state));
    },
    capture: () => ({ index, pieces: [new TextEncoder().encode(String(index))] }),
  };
}

function start({ memberId, address, dir, isFounder }: MemberSetup): Promise<RaftNode> {
  return RaftNode.start({
    setup: {
      clusterId: CLUSTER,
      memberId,
      dir,
      listenAddr: address,
      advertiseAddr: address,
      isFounder,
      mustHaveLog: false,
      peers: [],
      times: DEFAULT_TIMES,
      snapshotThreshold: SNAPSHOT_THRESHOLD,
      trailingLogs: TRAILING_LOGS,
      logLevel: "warn",
    },
    machine: counter(),
    clock: realClock,
    log: silentLog,
    metrics: {
      ...noMetrics,
      histogram: ({ name }) => ({
        observe: () => {
          if (name === "warren_raft_fsync_duration_seconds") syncs += 1;
        },
      }),
    },
    onFault: (fault) => {
      throw fault;
    },
    onRemoved: () => {},
    onAddress: () => {},
  });
}

async function obey(node: RaftNode, order: MemberOrder): Promise<unknown> {
  switch (order.kind) {
    case "add":
      node.setAddresses([{ id: order.id, address: order.address }]);
      await node.changeMembership({ kind: "add learner", id: order.id });
      return {};
    case "status": {
      const voters = node.status?.membership.voters.length ?? 0;
      return { leads: node.leadingTerm !== null, voters, syncs } satisfies MemberStatus;
    }
    case "load": {
      const value = new Uint8Array(order.valueBytes).fill(0x78);
      const once = () => node.proposeEntry(value, { term: null, mayRepeat: false });
      return await runLevel(order.callers, order.times, async () => void await once())
        .catch((error) => ({ failed: String(error) } satisfies FailedLoad));
    }
  }
}

async function main(): Promise<void> {
  await using node = await start(JSON.parse(Deno.args[0] ?? "{}") as MemberSetup);
  const say = (value: unknown) =>
    Deno.stdout.write(new TextEncoder().encode(`${JSON.stringify(value)}\n`));
  await say({});
  let rest = "";
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) await say(await obey(node, JSON.parse(line) as MemberOrder));
  }
}

if (import.meta.main) await main();
