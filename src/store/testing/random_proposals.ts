/**
 * Random proposals for property tests: each draw is turned into an action that makes sense, or just
 * fails to, in the state at hand. Shrinks with fast-check, since a draw is plain numbers.
 */
import fc from "fast-check";
import { wallMs } from "../../lib/mod.ts";
import {
  asId,
  asIndex,
  type DesiredState,
  type NodeId,
  type ServiceId,
  type ServiceSpec,
  TASK_STATES,
  type TaskId,
  type Version,
} from "../../model/mod.ts";
import type { Action, Proposal } from "../action.ts";
import type { StateView } from "../view.ts";
import {
  configCreate,
  fileRef,
  hostPort,
  nodeOf,
  reserved,
  SEALED,
  secretCreate,
  specOf,
  START_MS,
  taskSpecOf,
  volumeCreate,
} from "./store_fixture.ts";

/** Numbers that one action is made from. */
export interface Draw {
  readonly verb: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

const draw: fc.Arbitrary<Draw> = fc.record({
  verb: fc.nat(999),
  a: fc.nat(9),
  b: fc.nat(9),
  c: fc.nat(9),
});

/** Lists of proposals, each a list of draws; sometimes one that repeats an earlier request. */
export const draws: fc.Arbitrary<readonly (readonly Draw[])[]> = fc.array(
  fc.array(draw, { minLength: 1, maxLength: 3 }),
  { minLength: 1, maxLength: 60, size: "max" },
);

/** The proposal number `at` for `view`, made from `drawn`; number 0 is something to begin with. */
export function proposalOf(view: StateView, at: number, drawn: readonly Draw[]): Proposal {
  const actions = at === 0
    ? BEGINNING
    : drawn.map((one, number) => actionOf(view, `${at}-${number}`, one));
  // Wall time that jumps back now and then, as a proposer's clock may.
  const atMs = wallMs(START_MS + at * 1_000 - (at % 7 === 3 ? 5_000 : 0));
  return { actions, atMs, requestId: at % 5 === 0 ? `request-${at % 3}` : "" };
}

function pick<T>(items: Iterable<T>, number: number): T | undefined {
  const all = [...items];
  return all[number % Math.max(1, all.length)];
}

function id<Id extends string>(row: { readonly id: Id } | undefined): Id {
  return row ? row.id : asId<Id>("none");
}

function actionOf(view: StateView, fresh: string, drawn: Draw): Action {
  const makers = [
    ...taskMakers,
    ...taskMakers,
    ...taskMakers,
    ...serviceMakers,
    ...nodeMakers,
    ...resourceMakers,
  ];
  const action = makers[drawn.verb % makers.length]?.(view, drawn, fresh) ?? NOTHING;
  const isInVain = JSON.stringify(action).includes('"none"');
  // A few actions in vain are left in: they must be refused.
  return isInVain && drawn.verb % 8 !== 0 ? NOTHING : action;
}

const NOTHING: Action = { kind: "check.unchanged", versions: [] };

const BEGINNING: readonly Action[] = [
  { kind: "node.create", node: nodeOf(asId("node-a"), "n0") },
  { kind: "node.create", node: nodeOf(asId("node-b"), "n1") },
  secretCreate("secret-a", "x0"),
  volumeCreate("volume-a", "x0"),
  { kind: "service.create", service: { id: asId("service-a"), spec: specOf("s0") } },
  { kind: "service.create", service: { id: asId("service-b"), spec: specOf("s1") } },
];

type Maker = (view: StateView, drawn: Draw, fresh: string) => Action;

const DESIRED: readonly DesiredState[] = ["running", "shutdown", "remove"];

const taskMakers: readonly Maker[] = [
  createTask,
  createTask,
  (view, { a, b }) => ({
    kind: "task.place",
    id: id(pick(view.pendingTasks(), a)),
    nodeId: id(pick(view.nodes(), b)),
  }),
  (view, { a, b }) => ({
    kind: "task.unplaced",
    id: id(pick(view.pendingTasks(), a)),
    unplaced: { message: `reason ${b % 3}`, refusals: [] },
  }),
  (view, { a, b }) => ({
    kind: "task.desire",
    id: id(pick(view.tasks(), a)),
    desired: DESIRED[b % 3] ?? "remove",
  }),
  report,
  report,
  (view, { a }) => ({ kind: "task.remove", id: id(pick(view.tasks(), a)) }),
];

function createTask(view: StateView, { a, b, c }: Draw, fresh: string): Action {
  const service = pick(view.services(), a);
  const node = c % 3 === 0 ? undefined : pick(view.nodes(), b);
  return {
    kind: "task.create",
    task: {
      id: asId<TaskId>(`task-${fresh}`),
      serviceId: service?.id ?? asId<ServiceId>("none"),
      revision: service?.revision ?? 1,
      restartCount: service?.restartCount ?? 0,
      slot: b + 1,
      nodeId: node?.id ?? null,
      unplaced: node ? null : { message: "no room", refusals: [] },
    },
  };
}

function report(view: StateView, { a, b, c }: Draw): Action {
  const task = pick(view.tasks(), a);
  const state = TASK_STATES[(b + c) % TASK_STATES.length] ?? "running";
  return {
    kind: "task.report",
    id: id(task),
    status: {
      state,
      message: c % 2 === 0 ? "" : `message ${c}`,
      reason: "",
      exitCode: c % 4 === 0 ? c : null,
      restarts: (task?.status.restarts ?? 0) + (c === 9 ? 1 : 0),
      health: c % 5 === 0 ? "healthy" : "none",
      containerId: "",
      ports: [],
      lastLines: [],
      startedMs: null,
      atMs: wallMs(START_MS),
      sequence: (task?.status.sequence ?? 0) + (b % 4 === 0 ? 0 : 1),
    },
  };
}

const serviceMakers: readonly Maker[] = [
  (_view, drawn, fresh) => {
    const service = {
      id: asId<ServiceId>(`service-${fresh}`),
      spec: specFor(`s${drawn.a}`, drawn),
    };
    return { kind: "service.create", service };
  },
  (view, drawn) => {
    const service = pick(view.services(), drawn.a);
    const spec = specFor(service?.spec.name ?? "none", drawn);
    const ifVersion = drawn.c === 7 ? asIndex<Version>(1) : undefined;
    const rollback = drawn.c === 8 ? { rollback: true as const } : {};
    return { kind: "service.update", id: id(service), spec, ifVersion, ...rollback };
  },
  (view, { a }) => ({ kind: "service.restart", id: id(pick(view.services(), a)) }),
  (view, { a, b }) => {
    return b < 4 ? { kind: "service.remove", id: id(pick(view.services(), a)) } : NOTHING;
  },
];

function specFor(name: string, { b, c }: Draw): ServiceSpec {
  const task = taskSpecOf({
    image: `web:${b % 3}`,
    resources: reserved(b * 100, c * 2 ** 20),
    ports: c % 4 === 0 ? [hostPort(8_000 + (b % 3))] : [],
    secrets: c === 5 ? [fileRef(`x${b % 4}`)] : [],
    mounts: c === 6 ? [{ volume: `x${b % 4}`, target: "/data", readOnly: false }] : [],
  });
  return specOf(name, { task, mode: { kind: "replicated", replicas: c } });
}

const nodeMakers: readonly Maker[] = [
  (_view, { a }, fresh) => {
    const status = a % 2 === 0 ? "ready" : "down";
    const node = { ...nodeOf(asId<NodeId>(`node-${fresh}`), `n${a}`), status } as const;
    return { kind: "node.create", node };
  },
  (view, { a, b }) => ({
    kind: "node.update",
    id: id(pick(view.nodes(), a)),
    availability: b % 2 === 0 ? "drain" : "active",
    ...(b > 6 && { name: `n${b}` }),
  }),
  (view, { a, b }) => ({
    kind: "node.status",
    id: id(pick(view.nodes(), a)),
    status: b % 2 === 0 ? "down" : "ready",
    message: "",
  }),
  (view, { a, b, c }) => ({
    kind: "node.member",
    id: id(pick(view.nodes(), a)),
    memberId: b % 2 === 0 ? "" : `member-${b}`,
    raftAddress: b % 2 === 0 ? "" : `127.0.0.1:${c}`,
    role: b % 2 === 0 ? "worker" : "hybrid",
  }),
  (view, { a, b }) => ({ kind: "cluster.leader", id: id(pick(view.nodes(), a)), term: b }),
  (view, { a }) => ({ kind: "node.remove", id: id(pick(view.nodes(), a)) }),
];

const resourceMakers: readonly Maker[] = [
  (_view, { a }, fresh) => secretCreate(`secret-${fresh}`, `x${a % 4}`),
  (_view, { a }, fresh) => configCreate(`config-${fresh}`, `x${a % 4}`),
  (_view, { a }, fresh) => volumeCreate(`volume-${fresh}`, `x${a % 4}`),
  (view, { a, b }) => ({
    kind: "secret.update",
    id: id(pick(view.secrets(), a)),
    sealed: { ...SEALED, box: `box${b % 2}` },
    sizeBytes: b,
    labels: {},
  }),
  (view, { a }) => ({ kind: "secret.remove", id: id(pick(view.secrets(), a)) }),
  (view, { a }) => ({ kind: "config.remove", id: id(pick(view.configs(), a)) }),
  (view, { a }) => ({ kind: "volume.remove", id: id(pick(view.volumes(), a)) }),
];
