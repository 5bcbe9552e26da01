/** Planning time on a large cluster: `deno bench -A --no-check src/orchestrator/plan_bench.ts`. */
import { seededIds } from "../lib/mod.ts";
import { bigWorld, emptyBigWorld } from "../../tests/harness/big_world.ts";
import { EVERYTHING } from "./dirty.ts";
import { plan } from "./plan.ts";

const SIZE = { nodes: 1_000, services: 1_000, replicas: 10 };
const empty = emptyBigWorld(SIZE);
const full = bigWorld(SIZE);
full.putService("s500", (spec) => ({ ...spec, mode: { kind: "replicated", replicas: 20 } }));
const oneService = full.dirty.take();
const ids = seededIds(1);

Deno.bench("first placement of 10,000 tasks on 1,000 nodes", { n: 3, warmup: 1 }, () => {
  plan(empty.view, EVERYTHING, { nowMs: empty.nowMs, ids });
});

Deno.bench("scale one of 1,000 services by 10 among 10,000 tasks on 1,000 nodes", () => {
  plan(full.view, oneService, { nowMs: full.nowMs, ids });
});

Deno.bench("full pass over 1,000 settled services with 10,000 tasks", () => {
  plan(full.view, EVERYTHING, { nowMs: full.nowMs, ids });
});
