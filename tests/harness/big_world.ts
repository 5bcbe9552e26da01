/** Worlds of a size, for cost tests and benchmarks of the planner. */
import type { ServiceSpec } from "../../src/model/mod.ts";
import { World } from "./world.ts";

/** How large a world is. */
export interface WorldSize {
  readonly nodes: number;
  readonly services: number;
  readonly replicas: number;
}

/** A world with nodes and services, but without tasks. */
export function emptyBigWorld({ nodes, services, replicas }: WorldSize): World {
  const world = new World();
  for (let at = 0; at < nodes; at++) {
    world.addNode(`n${at}`, { labels: { zone: `z${at % 3}` }, milliCpus: 16_000 });
  }
  for (let at = 0; at < services; at++) {
    world.putService(`s${at}`, (spec) => bigSpec(spec, replicas));
  }
  return world;
}

/** A world in which every task runs and nothing is noted. */
export function bigWorld(size: WorldSize): World {
  const world = emptyBigWorld(size);
  world.converge();
  world.runAgents();
  world.converge();
  return world;
}

function bigSpec(spec: ServiceSpec, replicas: number): ServiceSpec {
  const amounts = { milliCpus: 100, memoryBytes: 64 * 2 ** 20 };
  return {
    ...spec,
    mode: { kind: "replicated", replicas },
    task: {
      ...spec.task,
      image: "app:1",
      resources: { limits: amounts, reservations: amounts },
    },
    placement: { ...spec.placement, spread: ["node.labels.zone"] },
  };
}
