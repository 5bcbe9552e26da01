/**
 * The commands that the scripts in `testdata` are written in: one proposal a line, or several
 * actions between `begin` and `commit`. The answer is the outcome and the events that came of it.
 *
 * Ids are names: a service's is its own, a task is `web.2#5`: the slot and the how-manieth task of
 * the service it is.
 */
import assert from "node:assert/strict";
import { wallMs } from "../../lib/mod.ts";
import {
  asId,
  asIndex,
  type Availability,
  type DesiredState,
  type Node,
  type NodeId,
  type NodeStatus,
  type Service,
  type ServiceId,
  type ServiceSpec,
  type Task,
  TASK_STATES,
  type TaskId,
  type TaskStatus,
} from "../../model/mod.ts";
import type { ScriptCommand, ScriptRunner } from "../../../tests/harness/datadriven.ts";
import type { Action } from "../action.ts";
import { eventsOf } from "../events/events_of.ts";
import { Store } from "../store.ts";
import {
  configCreate,
  fileRef,
  found,
  hostPort,
  nodeOf,
  reserved,
  SEALED,
  secretCreate,
  snapshotBytes,
  specOf,
  START_MS,
  taskSpecOf,
  volumeCreate,
} from "./store_fixture.ts";

type Options = ScriptCommand["options"];

/** A runner over a store of its own. */
export function storeRunner(): ScriptRunner {
  const script = new StoreScript();
  return (command) => script.run(command);
}

class StoreScript {
  #store = new Store();
  #batch: Action[] | undefined;
  #lines: string[] = [];
  readonly #created = new Map<string, number>();

  constructor() {
    this.#follow();
  }

  run({ name, words, options }: ScriptCommand): string {
    if (name === "begin") return (this.#batch = [], "");
    if (name === "commit") {
      const actions = found(this.#batch);
      this.#batch = undefined;
      return this.#propose(actions, options);
    }
    if (name === "show") return this.#show(words[0] ?? "");
    if (name === "reload") return this.#reload();
    const action = this.#actionOf(name, words, options);
    if (this.#batch) return (this.#batch.push(action), "");
    return this.#propose([action], options);
  }

  #follow(): void {
    this.#store.feed.subscribe((set) => {
      if (set.isRestore) return;
      for (const { type, message } of eventsOf(set, (id) => id)) {
        this.#lines.push(`${type}: ${message}`);
      }
    });
  }

  #propose(actions: readonly Action[], { at, request = "" }: Options): string {
    const index = this.#store.view.index + 1;
    const atMs = wallMs(START_MS + (at === undefined ? index * 1_000 : Number(at) * 1_000));
    this.#lines = [];
    const proposal = { actions, atMs, requestId: request };
    const applied = this.#store.apply(asIndex(index), proposal);
    if (!applied.ok) return `@${index} refused ${applied.error.reason}: ${applied.error.message}`;
    const answer = applied.index === index ? "ok" : `ok, as at @${applied.index}`;
    return [`@${index} ${answer}`, ...this.#lines].join("\n");
  }

  /** Goes on with a store that was restored from a snapshot. */
  #reload(): string {
    const digest = this.#store.digest();
    const restored = new Store();
    restored.restore(snapshotBytes(this.#store));
    this.#store = restored;
    this.#follow();
    return restored.digest() === digest ? "same digest" : "another digest";
  }

  #actionOf(name: string, words: readonly string[], options: Options): Action {
    const [target = "", word = ""] = words;
    const noun = name.split("-")[0];
    switch (noun) {
      case "node":
        return this.#nodeAction(name, target, options);
      case "service":
        return this.#serviceAction(name, target, options);
      case "task":
        return this.#taskAction(name, [target, word], options);
      case "check": {
        const version = asIndex<never>(Number(options.version));
        return {
          kind: "check.unchanged",
          versions: [{ table: "services", name: target, version }],
        };
      }
      default:
        return resourceAction(name, target, options);
    }
  }

  #nodeAction(name: string, target: string, options: Options): Action {
    const id = asId<NodeId>(target);
    switch (name) {
      case "node": {
        const status = (options.status ?? "ready") as NodeStatus;
        return { kind: "node.create", node: { ...nodeOf(id, options.name ?? target), status } };
      }
      case "node-set": {
        const { availability, name: renamed } = options;
        return {
          kind: "node.update",
          id,
          ...(availability && { availability: availability as Availability }),
          ...(renamed && { name: renamed }),
        };
      }
      case "node-status": {
        const { status = "ready", message = "" } = options;
        return { kind: "node.status", id, status: status as NodeStatus, message };
      }
      case "node-remove":
        return { kind: "node.remove", id };
      default:
        return assert.fail(`unknown command ${name}`);
    }
  }

  #serviceAction(name: string, target: string, options: Options): Action {
    const id = asId<ServiceId>(target);
    const ifVersion = options.version === undefined
      ? {}
      : { ifVersion: asIndex<never>(+options.version) };
    switch (name) {
      case "service": {
        const spec = editSpec(specOf(options.name ?? target), options);
        return { kind: "service.create", service: { id, spec } };
      }
      case "service-update": {
        const known = this.#store.view.service(id)?.spec ?? specOf(target);
        const spec = editSpec(known, options);
        const rollback = options.rollback === undefined ? {} : { rollback: true as const };
        return { kind: "service.update", id, spec, ...ifVersion, ...rollback };
      }
      case "service-restart":
        return { kind: "service.restart", id };
      case "service-remove":
        return { kind: "service.remove", id, ...ifVersion };
      case "service-rollout": {
        const { rollout, revision } = found(this.#store.view.service(id));
        const state = (options.state ?? "updating") as NonNullable<typeof rollout>["state"];
        const { message = "", at = revision } = options;
        const changed = { ...found(rollout), state, message };
        return { kind: "service.rollout", id, revision: Number(at), rollout: changed };
      }
      default:
        return assert.fail(`unknown command ${name}`);
    }
  }

  #taskAction(name: string, [target, word]: readonly [string, string], options: Options): Action {
    const id = asId<TaskId>(target);
    switch (name) {
      case "task":
        return this.#newTask(target, options);
      case "task-place":
        return { kind: "task.place", id, nodeId: asId(options.on ?? "") };
      case "task-explain":
        return {
          kind: "task.unplaced",
          id,
          unplaced: { message: options.message ?? "", refusals: [] },
        };
      case "task-desire":
        return { kind: "task.desire", id, desired: word as DesiredState };
      case "task-report":
        return { kind: "task.report", id, status: this.#status(id, word, options) };
      case "task-remove":
        return { kind: "task.remove", id };
      default:
        return assert.fail(`unknown command ${name}`);
    }
  }

  #newTask(target: string, { slot = "1", on, revision }: Options): Action {
    const service = this.#store.view.service(asId(target));
    const count = (this.#created.get(target) ?? 0) + 1;
    this.#created.set(target, count);
    return {
      kind: "task.create",
      task: {
        id: asId(`${target}.${slot}#${count}`),
        serviceId: asId(target),
        revision: Number(revision ?? service?.revision ?? 1),
        restartCount: service?.restartCount ?? 0,
        slot: Number(slot),
        nodeId: on === undefined ? null : asId(on),
        unplaced: on === undefined ? { message: "no node is suitable", refusals: [] } : null,
      },
    };
  }

  #status(id: TaskId, state: string, options: Options): TaskStatus {
    const known = found(this.#store.view.task(id)).status;
    return {
      ...known,
      state: found(TASK_STATES.find((one) => one === state)),
      message: options.message ?? "",
      reason: options.reason ?? "",
      health: (options.health ?? known.health) as TaskStatus["health"],
      restarts: Number(options.restarts ?? known.restarts),
      sequence: Number(options.sequence ?? known.sequence + 1),
    };
  }

  #show(what: string): string {
    const { view } = this.#store;
    switch (what) {
      case "services":
        return [...view.services()].map(describeService).join("\n");
      case "tasks":
        return [...view.tasks()].map(describeTask).join("\n");
      case "nodes":
        return [...view.nodes()].map((node) => this.#describeNode(node)).join("\n");
      case "pending":
        return [...view.pendingTasks()].map(({ id }) => id).join(" ");
      default:
        return assert.fail(`nothing to show as ${what}`);
    }
  }

  #describeNode({ id, name, status, availability, version }: Node): string {
    const { view } = this.#store;
    const { tasks, reservedMilliCpus, hostPorts } = view.nodeUsage(id);
    const ports = hostPorts.size === 0 ? "" : `, ports ${[...hostPorts].sort().join(" ")}`;
    const listed = [...view.tasksOfNode(id)].map((task) => task.id).join(" ");
    return `${name} v${version} ${status} ${availability}: ${tasks} tasks, ` +
      `${reservedMilliCpus}m${ports} [${listed}]`;
  }
}

function describeService(service: Service): string {
  const { spec, revision, restartCount, rollout, history, version } = service;
  const state = rollout
    ? `, ${rollout.state} ${rollout.fromRevision} to ${rollout.toRevision}`
    : "";
  const old = history.map((one) => `r${one.revision} ${one.spec.task.image}`).join(", ");
  return `${spec.name} v${version} r${revision} ${spec.task.image}, restarts ${restartCount}${state}` +
    (old === "" ? "" : `, was ${old}`);
}

function describeTask({ id, version, revision, spec, nodeId, desired, status }: Task): string {
  const { state, restarts, health } = status;
  return `${id} v${version} r${revision} ${spec.image} on ${nodeId ?? "-"}: ${desired}/${state}` +
    (restarts > 0 ? `, attempt ${restarts + 1}` : "") + (health === "none" ? "" : `, ${health}`);
}

function editSpec(spec: ServiceSpec, options: Options): ServiceSpec {
  const { image, replicas, milli, port, secret, volume, label } = options;
  const task = taskSpecOf({
    ...spec.task,
    ...(image && { image }),
    ...(milli && { resources: reserved(Number(milli), 0) }),
    ...(port && { ports: [hostPort(Number(port))] }),
    ...(secret && { secrets: [fileRef(secret)] }),
    ...(volume && { mounts: [{ volume, target: "/data", readOnly: false }] }),
  });
  return {
    ...spec,
    task,
    ...(replicas && { mode: { kind: "replicated" as const, replicas: Number(replicas) } }),
    ...(label && { labels: { label } }),
  };
}

function resourceAction(name: string, target: string, options: Options): Action {
  switch (name) {
    case "secret":
      return secretCreate(target, options.name ?? target);
    case "config":
      return configCreate(target, options.name ?? target);
    case "volume":
      return volumeCreate(target, options.name ?? target);
    case "secret-update": {
      const sealed = { ...SEALED, box: options.box ?? SEALED.box };
      return { kind: "secret.update", id: asId(target), sealed, sizeBytes: 3, labels: {} };
    }
    case "secret-remove":
      return { kind: "secret.remove", id: asId(target) };
    case "config-remove":
      return { kind: "config.remove", id: asId(target) };
    case "volume-remove":
      return { kind: "volume.remove", id: asId(target) };
    default:
      return assert.fail(`unknown command ${name}`);
  }
}
