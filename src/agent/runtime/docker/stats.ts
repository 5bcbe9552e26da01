/**
 * Reads the engine's one-shot statistics of a container. Pure.
 *
 * Memory is what the container holds without reclaimable page cache, as the engine's own client
 * counts it, on control groups of either version.
 */
import type { ContainerStats } from "../runtime.ts";
import { asNumber, asRecord, recordAt } from "./parse.ts";

/** `machineMemoryBytes` is what the engine reports as a limit when there is none. */
export function statsFromEngine(answer: unknown, machineMemoryBytes: number): ContainerStats {
  const memory = recordAt(answer, "memory_stats");
  const limit = asNumber(memory["limit"]);
  let received = 0;
  let transmitted = 0;
  for (const network of Object.values(recordAt(answer, "networks"))) {
    received += asNumber(asRecord(network)["rx_bytes"]);
    transmitted += asNumber(asRecord(network)["tx_bytes"]);
  }
  return {
    cpuSeconds: asNumber(recordAt(answer, "cpu_stats", "cpu_usage")["total_usage"]) / 1e9,
    memoryBytes: memoryInUse(memory),
    memoryLimitBytes: limit >= machineMemoryBytes ? 0 : limit,
    networkReceiveBytes: received,
    networkTransmitBytes: transmitted,
  };
}

function memoryInUse(memory: Readonly<Record<string, unknown>>): number {
  const usage = asNumber(memory["usage"]);
  const stats = asRecord(memory["stats"]);
  const cache = asNumber(stats["total_inactive_file"] ?? stats["inactive_file"]);
  return cache < usage ? usage - cache : usage;
}
