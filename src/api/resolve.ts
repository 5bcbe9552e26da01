/**
 * What users call things: a name, a whole id, or the start of an id that fits only one.
 *
 * Names come first, so that a thing can always be reached by its name. Pure over the view; costs a
 * lookup for names and ids, one pass for starts of ids.
 */
import { findNearest, type Reason, WarrenError } from "../lib/mod.ts";
import {
  asId,
  type Config,
  type Node,
  type NodeId,
  quoteText,
  type Secret,
  type Service,
  type ServiceId,
  type Task,
  type TaskId,
  type Volume,
} from "../model/mod.ts";
import type { StateView } from "../store/mod.ts";
import { taskName } from "./convert/task.ts";

/** Characters that the start of an id must have. */
const MIN_PREFIX = 3;
/** Matches named in an error. */
const MAX_NAMED = 5;

/** How one kind of object is found. */
interface Lookup<T> {
  readonly noun: string;
  readonly missing: Reason;
  byName(name: string): T | undefined;
  byId(id: string): T | undefined;
  all(): Iterable<T>;
  nameOf(item: T): string;
}

/** @throws WarrenError SERVICE_NOT_FOUND, NAME_AMBIGUOUS. */
export function resolveService(view: StateView, ref: string): Service {
  return resolve<Service>({
    noun: "service",
    missing: "SERVICE_NOT_FOUND",
    byName: (name) => view.serviceByName(name),
    byId: (id) => view.service(asId<ServiceId>(id)),
    all: () => view.services(),
    nameOf: (service) => service.spec.name,
  }, ref);
}

/** By id, or by name (`web.2`): the live task of that slot. @throws WarrenError TASK_NOT_FOUND, … */
export function resolveTask(view: StateView, ref: string): Task {
  return resolve<Task>(taskLookup(view), ref);
}

/** A service or a task. A service's name comes first. @throws WarrenError SERVICE_NOT_FOUND, … */
export function resolveTaskOrService(
  view: StateView,
  ref: string,
): { readonly task: Task } | { readonly service: Service } {
  const service = view.serviceByName(ref);
  if (service) return { service };
  const task = findTaskByName(view, ref) ?? view.task(asId<TaskId>(ref));
  if (task) return { task };
  const tasks = startingWith(view.tasks(), ref);
  const services = startingWith(view.services(), ref);
  if (tasks.length > 0 && services.length > 0) {
    throw ambiguous("task or service", ref, [...services, ...tasks].map(({ id }) => id));
  }
  return tasks.length > 0
    ? { task: resolveTask(view, ref) }
    : { service: resolveService(view, ref) };
}

/** @throws WarrenError NODE_NOT_FOUND, NAME_AMBIGUOUS. */
export function resolveNode(view: StateView, ref: string): Node {
  return resolve<Node>({
    noun: "node",
    missing: "NODE_NOT_FOUND",
    byName: (name) => view.nodeByName(name),
    byId: (id) => view.node(asId<NodeId>(id)),
    all: () => view.nodes(),
    nameOf: (node) => node.name,
  }, ref);
}

/** @throws WarrenError SECRET_NOT_FOUND, NAME_AMBIGUOUS. */
export function resolveSecret(view: StateView, ref: string): Secret {
  return resolve<Secret>({
    noun: "secret",
    missing: "SECRET_NOT_FOUND",
    byName: (name) => view.secretByName(name),
    byId: (id) => view.secret(id),
    all: () => view.secrets(),
    nameOf: (secret) => secret.name,
  }, ref);
}

/** @throws WarrenError CONFIG_NOT_FOUND, NAME_AMBIGUOUS. */
export function resolveConfig(view: StateView, ref: string): Config {
  return resolve<Config>({
    noun: "config",
    missing: "CONFIG_NOT_FOUND",
    byName: (name) => view.configByName(name),
    byId: (id) => view.config(id),
    all: () => view.configs(),
    nameOf: (config) => config.name,
  }, ref);
}

/** @throws WarrenError VOLUME_NOT_FOUND, NAME_AMBIGUOUS. */
export function resolveVolume(view: StateView, ref: string): Volume {
  return resolve<Volume>({
    noun: "volume",
    missing: "VOLUME_NOT_FOUND",
    byName: (name) => view.volumeByName(name),
    byId: (id) => view.volume(id),
    all: () => view.volumes(),
    nameOf: (volume) => volume.name,
  }, ref);
}

function taskLookup(view: StateView): Lookup<Task> {
  return {
    noun: "task",
    missing: "TASK_NOT_FOUND",
    byName: (name) => findTaskByName(view, name),
    byId: (id) => view.task(asId<TaskId>(id)),
    all: () => view.tasks(),
    nameOf: (task) => taskName(view, task),
  };
}

/** The task of a slot that is to run, or else the newest that was. */
function findTaskByName(view: StateView, name: string): Task | undefined {
  const serviceName = /^(.+?)[.@]/.exec(name)?.[1];
  const service = serviceName === undefined ? undefined : view.serviceByName(serviceName);
  if (!service) return undefined;
  let best: Task | undefined;
  for (const task of view.tasksOfService(service.id)) {
    if (taskName(view, task) !== name) continue;
    const isBetter = !best || task.desired === "running" || best.desired !== "running";
    if (isBetter) best = task;
  }
  return best;
}

function resolve<T extends { readonly id: string }>(lookup: Lookup<T>, ref: string): T {
  if (ref === "") {
    throw new WarrenError("BAD_REQUEST", `Cannot find a ${lookup.noun}: no name or id was given`);
  }
  const exact = lookup.byName(ref) ?? lookup.byId(ref);
  if (exact) return exact;
  const matches = startingWith(lookup.all(), ref);
  const [first] = matches;
  if (first && matches.length === 1) return first;
  if (first) {
    throw ambiguous(
      lookup.noun,
      ref,
      matches.map((item) => `${item.id} (${lookup.nameOf(item)})`),
    );
  }
  const nearest = findNearest(ref, Array.from(lookup.all(), (item) => lookup.nameOf(item)));
  throw new WarrenError(lookup.missing, `There is no ${lookup.noun} ${quoteText(ref)}`, {
    ...(nearest !== undefined && { hint: `did you mean "${nearest}"?` }),
  });
}

function startingWith<T extends { readonly id: string }>(
  items: Iterable<T>,
  ref: string,
): readonly T[] {
  if (ref.length < MIN_PREFIX || !/^[0-9a-z]+$/.test(ref)) return [];
  const matches: T[] = [];
  for (const item of items) if (item.id.startsWith(ref)) matches.push(item);
  return matches;
}

function ambiguous(noun: string, ref: string, matches: readonly string[]): WarrenError {
  const more = matches.length > MAX_NAMED ? ` and ${matches.length - MAX_NAMED} more` : "";
  const named = matches.slice(0, MAX_NAMED).join(", ");
  return new WarrenError(
    "NAME_AMBIGUOUS",
    `More than one ${noun} has an id that begins with "${ref}": ${named}${more}`,
  );
}
