/**
 * Safety and liveness of the planner under random histories: users, nodes and agents do anything in
 * any order. A failing history is printed by its seed and path; put it into `fc.assert` to replay.
 */
import fc from "fast-check";
import assert from "node:assert/strict";
import { isTerminal, type Node, type ServiceSpec, type Task } from "../model/mod.ts";
import type { Action } from "../store/mod.ts";
import { World } from "../../tests/harness/world.ts";
import {
  type Breach,
  checkExplained,
  checkHistory,
  checkHostPorts,
  checkMinimumLive,
  checkPlacements,
  checkResources,
  checkSlots,
  servingSlots,
} from "../../tests/harness/world_rules.ts";

/** More of it: `PROP_RUNS=8000 PROP_SEED=7 deno test -A src/orchestrator/plan_prop_test.ts`. */
const RUNS = Number(Deno.env.get("PROP_RUNS") ?? 300);
const SEED = Number(Deno.env.get("PROP_SEED") ?? 20_261_123);
const MODES: readonly ServiceSpec["mode"][] = [
  { kind: "replicated", replicas: 0 },
  { kind: "replicated", replicas: 1 },
  { kind: "replicated", replicas: 3 },
  { kind: "replicated", replicas: 6 },
  { kind: "global" },
  { kind: "job", completions: 4, parallelism: 2 },
];

/** One thing that happens. Numbers pick among what exists at that time. */
type Event =
  | { readonly kind: "service"; readonly pick: number; readonly edit: Edit }
  | { readonly kind: "remove" | "restart"; readonly pick: number }
  | { readonly kind: "node"; readonly pick: number; readonly state: NodeState }
  | { readonly kind: "report"; readonly pick: number; readonly state: Reported }
  | { readonly kind: "agents" | "pass" | "converge" }
  | { readonly kind: "lossy"; readonly pick: number }
  | { readonly kind: "advance"; readonly ms: number };

type NodeState = "ready" | "down" | "unknown" | "active" | "pause" | "drain" | "removed";
type Reported = "starting" | "running" | "restarting" | "failed" | "completed" | "stopped";

interface Edit {
  readonly mode: ServiceSpec["mode"];
  readonly image: string;
  readonly cpus: number;
  readonly port: number;
  readonly volume: boolean;
  readonly update: Partial<ServiceSpec["update"]>;
  readonly maxPerNode: number;
}

const edits: fc.Arbitrary<Edit> = fc.record({
  mode: fc.constantFrom(...MODES),
  image: fc.constantFrom("app:1", "app:2", "app:3"),
  cpus: fc.constantFrom(0, 0, 500, 1_500),
  port: fc.constantFrom(0, 0, 0, 80),
  volume: fc.constantFrom(false, false, false, true),
  maxPerNode: fc.constantFrom(0, 0, 1, 2),
  update: fc.record({
    parallelism: fc.integer({ min: 1, max: 4 }),
    delayMs: fc.constantFrom(0, 3_000),
    monitorMs: fc.constantFrom(0, 1_000, 5_000),
    order: fc.constantFrom("auto", "start-first", "stop-first"),
    failureAction: fc.constantFrom("pause", "continue", "rollback"),
    maxFailureRatio: fc.constantFrom(0, 0.3, 1),
  }),
});

const picks = fc.nat({ max: 999 });
const events: fc.Arbitrary<Event> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("service"), pick: picks, edit: edits }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("remove", "restart"), pick: picks }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("node"),
      pick: picks,
      state: fc.constantFrom<NodeState>(
        ...["ready", "ready", "down", "unknown", "active", "pause", "drain", "removed"] as const,
      ),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("report"),
      pick: picks,
      state: fc.constantFrom<Reported>(
        ...["starting", "running", "restarting", "failed", "completed", "stopped"] as const,
      ),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom("agents", "pass", "converge") }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("lossy"), pick: picks }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("advance"), ms: fc.constantFrom(500, 2_000, 10_000) }),
  },
);

/** A world that checks the rules at every step. */
class CheckedWorld extends World {
  readonly #names = ["a", "b", "c", "d"];

  constructor() {
    super();
    for (const name of this.#names) this.addNode(name);
    this.onGroup = (actions) => hold("placements", checkPlacements(this.view, actions));
  }

  override pass(): readonly Action[] {
    const before = servingSlots(this.view);
    const actions = super.pass();
    hold("minimum live", checkMinimumLive(this.view, before));
    hold("resources", checkResources(this.view, actions));
    hold("slots", checkSlots(this.view));
    hold("host ports", checkHostPorts(this.view));
    return actions;
  }

  override converge(): readonly Action[] {
    const actions = super.converge();
    hold("history", checkHistory(this.view));
    hold("explained", checkExplained(this.view));
    return actions;
  }

  happen(event: Event): void {
    switch (event.kind) {
      case "service":
        return this.putService(`s${event.pick % 4}`, (spec) => edited(spec, event.edit));
      case "remove":
      case "restart": {
        const service = this.view.serviceByName(`s${event.pick % 4}`);
        if (service) this.apply({ kind: `service.${event.kind}`, id: service.id });
        return;
      }
      case "node":
        return this.#changeNode(event.pick, event.state);
      case "report":
        return this.#observe(event.pick, event.state);
      case "agents":
        this.runAgents();
        return;
      case "pass":
        this.pass();
        return;
      case "converge":
        this.converge();
        return;
      case "lossy":
        return this.lossyPass(event.pick);
      case "advance":
        return this.advance(event.ms);
    }
  }

  #changeNode(pick: number, state: NodeState): void {
    const name = this.#names[pick % this.#names.length] ?? "a";
    const node = this.view.nodeByName(name);
    if (!node) return void this.addNode(name);
    if (state === "removed") {
      if (node.status === "down") this.apply({ kind: "node.remove", id: node.id });
    } else if (state === "active" || state === "pause" || state === "drain") {
      this.apply({ kind: "node.update", id: node.id, availability: state });
    } else this.apply({ kind: "node.status", id: node.id, status: state, message: "" });
  }

  #observe(pick: number, state: Reported): void {
    const tasks = [...this.view.tasks()].filter(({ nodeId }) => nodeId !== null);
    const task = tasks[pick % Math.max(1, tasks.length)];
    if (task && this.view.node(task.nodeId ?? task.id as never)?.status !== "down") {
      this.report(task, { state, message: `${state} by chance` });
    }
  }

  /** Heals everything and sees whether it comes to rest as asked. */
  heal(): void {
    for (const name of this.#names) {
      const { id } = this.view.nodeByName(name) ?? { id: this.addNode(name) };
      this.apply({ kind: "node.status", id, status: "ready", message: "" });
      this.apply({ kind: "node.update", id, availability: "active" });
    }
    this.settle();
    for (const service of this.view.services()) {
      hold(
        "liveness",
        liveness(service.spec, [...this.view.tasksOfService(service.id)], [
          ...this.view.nodes(),
        ]),
      );
    }
  }
}

function hold(rule: string, breach: Breach): void {
  assert.equal(breach, null, `rule "${rule}"`);
}

function edited(spec: ServiceSpec, edit: Edit): ServiceSpec {
  const { mode, image, cpus, port, volume, update, maxPerNode } = edit;
  const amounts = { milliCpus: cpus, memoryBytes: 0 };
  return {
    ...spec,
    mode,
    task: {
      ...spec.task,
      image,
      resources: { limits: amounts, reservations: amounts },
      ports: port === 0 ? [] : [
        { name: "", containerPort: 80, hostPort: port, protocol: "tcp", publishMode: "host" },
      ],
      mounts: volume ? [{ volume: "data", target: "/data", readOnly: false }] : [],
    },
    placement: { ...spec.placement, maxPerNode },
    update: { ...spec.update, ...update },
  };
}

/** Every slot is served, has ended by its policy, or waits for a node; nothing is left half done. */
function liveness(spec: ServiceSpec, tasks: readonly Task[], nodes: readonly Node[]): Breach {
  const stuck = tasks.find((task) => task.desired !== "running" && !isTerminal(task.status.state));
  if (stuck) return `a task of ${spec.name} is told to end and does not`;
  const wanted = tasks.filter(({ desired }) => desired === "running");
  const lost = wanted.find(({ status }) => status.state === "orphaned");
  if (lost) return `a lost task of ${spec.name} is not replaced`;
  if (spec.mode.kind === "job") return null;
  const slots = new Set(
    wanted.map((task) => spec.mode.kind === "global" ? keyOf(task) : task.slot),
  );
  const asked = spec.mode.kind === "global" ? nodes.length : spec.mode.replicas;
  return slots.size === asked ? null : `${spec.name} has ${slots.size} slots of ${asked}`;
}

function keyOf(task: Task): string {
  return task.nodeId ?? task.unplaced?.refusals[0]?.nodeId ?? "";
}

Deno.test("plan keeps every safety rule in any history, and comes to rest when things heal", () => {
  fc.assert(
    fc.property(fc.array(events, { minLength: 1, maxLength: 150, size: "max" }), (history) => {
      const world = new CheckedWorld();
      for (const event of history) world.happen(event);
      world.heal();
    }),
    { numRuns: RUNS, seed: SEED },
  );
});
