/**
 * The commands that `testdata` scripts of the orchestrator and of rollouts are written in.
 *
 * Tasks are named `web.2#5`: the slot and, after `#`, the how-manieth task of the service it is;
 * those of global services `web@node-1#1`.
 */
import assert from "node:assert/strict";
import { parseBytes, parseDurationMs, parseMilliCpus } from "../../src/lib/mod.ts";
import {
  isTerminal,
  type ServiceMode,
  type ServiceSpec,
  type Task,
  TASK_STATES,
  type TaskState,
} from "../../src/model/mod.ts";
import type { Action } from "../../src/store/mod.ts";
import type { ScriptCommand, ScriptRunner } from "./datadriven.ts";
import { World } from "./world.ts";

type Options = ScriptCommand["options"];

/** A runner over a world of its own. */
export function worldRunner(): ScriptRunner {
  const script = new WorldScript();
  return (command) => script.run(command);
}

class WorldScript {
  readonly #world = new World();
  readonly #names = new Map<string, string>();
  readonly #created = new Map<string, number>();

  run({ name, words, options }: ScriptCommand): string {
    const [target = ""] = words;
    const world = this.#world;
    switch (name) {
      case "node":
        return this.#node(target, options);
      case "remove-node":
        return this.#done({ kind: "node.remove", id: world.node(target).id });
      case "service":
        world.putService(target, (spec) => editSpec(spec, options));
        return "";
      case "restart":
        return this.#done({ kind: "service.restart", id: world.service(target).id });
      case "remove-service":
        return this.#done({ kind: "service.remove", id: world.service(target).id });
      case "pass":
        return this.#described(() => world.pass());
      case "plan":
        return this.#described(() => world.converge());
      case "agents":
        world.runAgents();
        return this.#tasks(target);
      case "report":
        return this.#report(target, options);
      case "advance":
        world.advance(parseDurationMs(target) ?? 0);
        return "";
      case "settle":
        this.#described(() => (world.settle(), []));
        return this.#tasks(target);
      case "tasks":
        return this.#tasks(target);
      case "rollout":
        return this.#rollout(target);
      case "why":
        return this.#why(target);
      default:
        return assert.fail(`unknown command ${name}`);
    }
  }

  #done(action: Action): string {
    this.#world.apply(action);
    return "";
  }

  #node(name: string, options: Options): string {
    const labels = Object.fromEntries(
      (options.labels ?? "").split(",").filter((pair) => pair).map((pair) => pair.split(":")),
    );
    const known = this.#world.view.nodeByName(name);
    const id = known?.id ?? this.#world.addNode(name, {
      milliCpus: parseMilliCpus(options.cpus ?? "4") ?? 0,
      memoryBytes: parseBytes(options.memory ?? "8g") ?? 0,
      labels,
    });
    const { availability, status } = options;
    if (availability === "active" || availability === "pause" || availability === "drain") {
      this.#world.apply({ kind: "node.update", id, availability });
    }
    if (status === "ready" || status === "down" || status === "unknown") {
      this.#world.apply({ kind: "node.status", id, status, message: "" });
    }
    if (known && options.labels !== undefined) {
      this.#world.apply({ kind: "node.update", id, labels });
    }
    return "";
  }

  #report(target: string, options: Options): string {
    const task = this.#task(target);
    const state: TaskState = TASK_STATES.find((each) => each === options.state) ?? "running";
    this.#world.report(task, {
      state,
      message: options.message ?? "",
      restarts: Number(options.restarts ?? task.status.restarts),
    });
    return "";
  }

  #described(act: () => readonly Action[]): string {
    const lines: string[] = [];
    this.#world.onGroup = (actions) => {
      for (const action of actions) lines.push(this.#describe(action));
    };
    act();
    const { wakeAtMs } = this.#world.dirty;
    if (wakeAtMs !== null) lines.push(`look again in ${wakeAtMs - this.#world.nowMs}ms`);
    return lines.length === 0 ? "nothing" : lines.join("\n");
  }

  #describe(action: Action): string {
    switch (action.kind) {
      case "task.create": {
        const { id, serviceId, slot, nodeId, unplaced } = action.task;
        const service = this.#world.view.service(serviceId)?.spec.name ?? "";
        const name = this.#nameNew(id, service, slot);
        const what = `create ${name} r${action.task.revision}`;
        return nodeId === null
          ? `${what}, waiting: ${unplaced?.message}`
          : `${what} on ${this.#nodeName(nodeId)}`;
      }
      case "task.place":
        return `place ${this.#name(action.id)} on ${this.#nodeName(action.nodeId)}`;
      case "task.unplaced":
        return `explain ${this.#name(action.id)}: ${action.unplaced.message}`;
      case "task.desire":
        return `${action.desired} ${this.#name(action.id)}`;
      case "task.report":
        return `${action.status.state} ${this.#name(action.id)}: ${action.status.message}`;
      case "task.remove":
        return `forget ${this.#name(action.id)}`;
      case "service.rollout": {
        const { state, fromRevision, toRevision, message } = action.rollout;
        return `rollout ${state} r${fromRevision} to r${toRevision}${message && `: ${message}`}`;
      }
      case "service.update":
        return `roll back ${action.spec.name} to image ${action.spec.task.image}`;
      default:
        return action.kind;
    }
  }

  #nameNew(id: string, service: string, slot: number): string {
    const count = (this.#created.get(service) ?? 0) + 1;
    this.#created.set(service, count);
    const name = slot === 0 ? `${service}#${count}` : `${service}.${slot}#${count}`;
    this.#names.set(id, name);
    return name;
  }

  #name(id: string): string {
    return this.#names.get(id) ?? id;
  }

  #nodeName(id: string): string {
    for (const node of this.#world.view.nodes()) if (node.id === id) return node.name;
    return id;
  }

  #task(name: string): Task {
    for (const task of this.#world.view.tasks()) if (this.#name(task.id) === name) return task;
    return assert.fail(`no task ${name}`);
  }

  /** `web.1#1 r1 running on a`; with `!` what is desired when it is not to run. */
  #tasks(service: string): string {
    const lines: string[] = [];
    for (const task of this.#world.view.tasks()) {
      if (service !== "" && task.serviceName !== service) continue;
      const { status, desired, nodeId } = task;
      const where = nodeId === null ? "" : ` on ${this.#nodeName(nodeId)}`;
      const wish = desired === "running" ? "" : ` !${desired}`;
      const end = isTerminal(status.state) && status.message ? `: ${status.message}` : "";
      lines.push(`${this.#name(task.id)} r${task.revision} ${status.state}${where}${wish}${end}`);
    }
    return lines.length === 0 ? "no tasks" : lines.join("\n");
  }

  #rollout(name: string): string {
    const { rollout, revision } = this.#world.service(name);
    if (!rollout) return `r${revision}, no rollout`;
    const { state, fromRevision, toRevision, message, failures } = rollout;
    return `r${revision}, ${state} r${fromRevision} to r${toRevision}, failures ${failures}` +
      (message && `: ${message}`);
  }

  #why(name: string): string {
    const { unplaced } = this.#task(name);
    if (!unplaced) return "placed";
    return [
      unplaced.message,
      ...unplaced.refusals.map(({ nodeName, filter, message, change }) =>
        `${nodeName} [${filter}] ${message} -> ${change}`
      ),
    ].join("\n");
  }
}

function editSpec(spec: ServiceSpec, options: Options): ServiceSpec {
  const { task, placement, update } = spec;
  const number = (key: string, known: number) => Number(options[key] ?? known);
  const duration = (key: string, known: number) =>
    options[key] === undefined ? known : parseDurationMs(options[key]) ?? known;
  const list = (key: string, known: readonly string[]) =>
    options[key] === undefined ? known : options[key].split(",").filter((item) => item);
  return {
    ...spec,
    mode: modeOf(spec.mode, options),
    task: {
      ...task,
      image: options.image ?? (task.image || "app:1"),
      ports: options.port === undefined ? task.ports : [{
        name: "",
        containerPort: 80,
        hostPort: Number(options.port),
        protocol: "tcp",
        publishMode: "host",
      }],
      mounts: list("volume", task.mounts.map(({ volume }) => volume))
        .map((volume) => ({ volume, target: `/${volume}`, readOnly: false })),
      restart: { ...task.restart, delayMs: duration("restart-delay", task.restart.delayMs) },
      resources: options["reserve-cpus"] === undefined ? task.resources : {
        ...task.resources,
        reservations: {
          milliCpus: parseMilliCpus(options["reserve-cpus"]) ?? 0,
          memoryBytes: task.resources.reservations.memoryBytes,
        },
      },
    },
    placement: {
      constraints: list("constraint", placement.constraints),
      spread: list("spread", placement.spread),
      maxPerNode: number("max-per-node", placement.maxPerNode),
    },
    update: {
      parallelism: number("parallelism", update.parallelism),
      delayMs: duration("delay", update.delayMs),
      monitorMs: duration("monitor", update.monitorMs),
      maxFailureRatio: number("ratio", update.maxFailureRatio),
      order: oneOf(options.order, ["auto", "start-first", "stop-first"]) ?? update.order,
      failureAction: oneOf(options.failure, ["pause", "continue", "rollback"]) ??
        update.failureAction,
    },
  };
}

function oneOf<T extends string>(text: string | undefined, choices: readonly T[]): T | undefined {
  return choices.find((choice) => choice === text);
}

function modeOf(known: ServiceMode, options: Options): ServiceMode {
  if (options.mode === "global") return { kind: "global" };
  if (options.mode === "job" || known.kind === "job") {
    const was = known.kind === "job" ? known : { completions: 1, parallelism: 1 };
    return {
      kind: "job",
      completions: Number(options.completions ?? was.completions),
      parallelism: Number(options.at_a_time ?? was.parallelism),
    };
  }
  return options.replicas === undefined
    ? known
    : { kind: "replicated", replicas: Number(options.replicas) };
}
