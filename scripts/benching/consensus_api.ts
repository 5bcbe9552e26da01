/**
 * The same writes over the product's own API: three managers from the built executable, and one
 * client process that creates configs at the leader.
 */
import { Group } from "../chaosing/group.ts";
import { CreateConfigRequest } from "../../src/rpc/gen/warren/v1/resource.ts";
import { type LevelTimes, runLevel } from "./closed_loop.ts";
import type { Contender } from "./contender.ts";
import { RawGrpc } from "./raw_grpc.ts";

const CREATE_PATH = "/warren.v1.ConfigService/CreateConfig";

/** Starts the managers. Every write makes a config of its own, since configs do not change. */
export async function startApiGroup(valueBytes: number, times: LevelTimes): Promise<Contender> {
  const group = await Group.start({ flags: ["--metrics-addr", "127.0.0.1:0"] });
  const leader = await group.leader();
  const grpc = await RawGrpc.open(`127.0.0.1:${leader.options.apiPort}`, CREATE_PATH);
  const data = Buffer.alloc(valueBytes, "x");
  let key = 0;
  const request = () =>
    CreateConfigRequest.encode({ name: `key-${key++}`, data, labels: {} }).finish();
  return {
    name: "Warren: CreateConfig",
    pids: group.managers.map(({ daemon }) => daemon.pid),
    syncs: () => syncsOf(group),
    level: (callers) => runLevel(callers, times, () => grpc.call(request())),
    async [Symbol.asyncDispose]() {
      await grpc.close();
      await group[Symbol.asyncDispose]();
    },
  };
}

async function syncsOf({ managers }: Group): Promise<number> {
  const counts = await Promise.all(managers.map(async ({ daemon }) => {
    const text = await (await fetch(`http://${daemon.ready.metrics_addr}/metrics`)).text();
    return Number(/^warren_raft_fsync_duration_seconds_count (\S+)/m.exec(text)?.[1] ?? 0);
  }));
  return counts.reduce((sum, count) => sum + count, 0);
}
