/**
 * The whole state as bytes and back: one JSON line per row, so that it can be written in slices.
 *
 * Task specs are written once and shared again on the way back. `decodeState` of an encoded state
 * gives a state with the same digest, order of iteration included. Checksums are the file's matter.
 */
import { type WallMs, wallMs, WarrenError } from "../lib/mod.ts";
import {
  asIndex,
  type LogIndex,
  type NodeId,
  type Service,
  type ServiceId,
  type Task,
  type TaskSpec,
} from "../model/mod.ts";
import { type Rows, TABLE_NAMES, type TableName, Tables } from "./tables.ts";

/** Newest format that this version reads and the one it writes. */
export const STATE_FORMAT = 1;

/** Text gathered before a slice is handed out, in characters. */
const SLICE_CHARS = 128 * 1024;
const REQUESTS_PER_LINE = 1_000;

/** A state held still: rows are never mutated, so this is a list of references. */
export interface StateCapture {
  readonly index: LogIndex;
  readonly lastMs: WallMs;
  readonly rows: { readonly [N in TableName]: readonly Rows[N][] };
  /** Nodes whose tasks were placed in another order than they were created in. */
  readonly placements: readonly (readonly [NodeId, readonly string[]])[];
  readonly requests: readonly (readonly [string, LogIndex])[];
}

/** Holds `tables` as they are now; cost is one pass over the rows. */
export function captureState(tables: Tables): StateCapture {
  const rowsOf = <N extends TableName>(name: N): Rows[N][] => [...tables.table(name).values()];
  const tasks = rowsOf("tasks");
  return {
    index: tables.index,
    lastMs: tables.lastMs,
    rows: {
      cluster: rowsOf("cluster"),
      nodes: rowsOf("nodes"),
      secrets: rowsOf("secrets"),
      configs: rowsOf("configs"),
      volumes: rowsOf("volumes"),
      services: rowsOf("services"),
      tasks,
    },
    placements: unusualPlacements(tables, tasks),
    requests: [...tables.requests.entries()],
  };
}

function unusualPlacements(tables: Tables, tasks: readonly Task[]) {
  const walks = new Map<NodeId, Iterator<string>>();
  const all = new Map(tables.rows.tasks.placements());
  for (const [node, ids] of all) walks.set(node, ids.values());
  const unusual = new Set<NodeId>();
  for (const { id, nodeId } of tasks) {
    if (nodeId !== null && walks.get(nodeId)?.next().value !== id) unusual.add(nodeId);
  }
  return [...unusual].map((node) => [node, [...all.get(node) ?? []]] as const);
}

/** The capture as bytes, in slices: the caller may let other work run between two of them. */
export function* encodeState(capture: StateCapture): Generator<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  let text = "";
  let lines = 0;
  for (const line of stateLines(capture)) {
    text += JSON.stringify(line) + "\n";
    lines++;
    if (text.length < SLICE_CHARS) continue;
    yield encoder.encode(text);
    text = "";
  }
  yield encoder.encode(`${text}${JSON.stringify(["end", lines])}\n`);
}

type Line = readonly [tag: string, ...rest: unknown[]];

function* stateLines(capture: StateCapture): Generator<Line> {
  yield ["warren-state", STATE_FORMAT, capture.index, capture.lastMs];
  for (const name of TABLE_NAMES) {
    if (name === "tasks") yield* taskLines(capture.rows.tasks, capture.rows.services);
    else for (const row of capture.rows[name]) yield [name, row];
  }
  for (const [node, ids] of capture.placements) yield ["placed", node, ids];
  for (let at = 0; at < capture.requests.length; at += REQUESTS_PER_LINE) {
    yield ["requests", capture.requests.slice(at, at + REQUESTS_PER_LINE)];
  }
}

/** A task's spec is null when its service has it, else its number among the "spec" lines. */
function* taskLines(tasks: readonly Task[], services: readonly Service[]): Generator<Line> {
  const byId = new Map(services.map((service) => [service.id, service]));
  const numbers = new Map<TaskSpec, number>();
  for (const { spec, ...rest } of tasks) {
    if (specOf(byId.get(rest.serviceId), rest.revision) === spec) {
      yield ["tasks", null, rest];
      continue;
    }
    let number = numbers.get(spec);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(spec, number);
      yield ["spec", spec];
    }
    yield ["tasks", number, rest];
  }
}

function specOf(service: Service | undefined, revision: number): TaskSpec | undefined {
  if (service?.revision === revision) return service.spec.task;
  return service?.history.find((old) => old.revision === revision)?.spec.task;
}

/**
 * The state that `bytes` were encoded from.
 *
 * @throws WarrenError DATA_CORRUPT when they are cut, malformed or of a newer format.
 */
export function decodeState(bytes: Uint8Array): Tables {
  const reader = new StateReader();
  const decoder = new TextDecoder();
  let at = 0;
  for (let line = 1; at < bytes.length; line++) {
    const newline = bytes.indexOf(10, at);
    const end = newline === -1 ? bytes.length : newline;
    try {
      reader.read(JSON.parse(decoder.decode(bytes.subarray(at, end))));
    } catch (error) {
      if (error instanceof WarrenError) throw error;
      throw corrupt(`line ${line} is malformed`, error);
    }
    at = end + 1;
  }
  return reader.finish();
}

function corrupt(what: string, cause?: unknown): WarrenError {
  return new WarrenError("DATA_CORRUPT", `Cannot read the saved state: ${what}`, { cause });
}

/** Builds tables line by line. What a line holds was written by `stateLines` under a checksum. */
class StateReader {
  readonly #tables = new Tables();
  readonly #specs: TaskSpec[] = [];
  #lines = 0;
  #isEnded = false;

  read(line: Line): void {
    const [tag, first, second] = line;
    if (this.#lines === 0) return this.#readHeader(line);
    if (this.#isEnded) throw corrupt("something follows its end");
    if (tag === "end") return this.#readEnd(first);
    this.#lines++;
    switch (tag) {
      case "spec":
        this.#specs.push(first as TaskSpec);
        return;
      case "tasks":
        return this.#readTask(first as number | null, second as Omit<Task, "spec">);
      case "placed":
        return this.#tables.rows.tasks.reorderNode(first as NodeId, second as string[]);
      case "requests":
        for (const [id, index] of first as [string, LogIndex][]) {
          this.#tables.requests.remember(id, index);
        }
        return;
      default:
        return this.#readRow(tag, first);
    }
  }

  #readHeader([tag, format, index, lastMs]: Line): void {
    if (tag !== "warren-state") throw corrupt("it does not begin as one");
    if (format !== STATE_FORMAT) {
      throw corrupt(`format ${format} was written by a newer version`);
    }
    this.#tables.index = asIndex(Number(index));
    this.#tables.lastMs = wallMs(Number(lastMs));
    this.#lines++;
  }

  #readEnd(lines: unknown): void {
    if (lines !== this.#lines) throw corrupt(`it has ${this.#lines} of ${lines} lines`);
    this.#isEnded = true;
  }

  #readRow(tag: string, row: unknown): void {
    const name = TABLE_NAMES.find((known) => known === tag);
    if (name === undefined) throw corrupt(`table "${tag}" was written by a newer version`);
    this.#write(name, name === "nodes" ? nodeOf(row) : row as Rows[typeof name]);
  }

  #readTask(spec: number | null, rest: Omit<Task, "spec">): void {
    const found = spec === null
      ? specOf(this.#tables.service(rest.serviceId as ServiceId), rest.revision)
      : this.#specs[spec];
    if (!found) throw corrupt(`task "${rest.id}" has no spec`);
    this.#write("tasks", { ...rest, spec: found });
  }

  #write<N extends TableName>(name: N, row: Rows[N]): void {
    this.#tables.table(name).write(row.id, row);
  }

  finish(): Tables {
    if (!this.#isEnded) throw corrupt("its end is missing");
    return this.#tables;
  }
}

/** A node; older states know nothing of members. */
function nodeOf(row: unknown): Rows["nodes"] {
  const node = row as Rows["nodes"];
  return { ...node, memberId: node.memberId ?? "", raftAddress: node.raftAddress ?? "" };
}

/** FNV-1a over two lanes of 32 bits: to compare replicas, not to withstand an attacker. */
export function digestOf(capture: StateCapture): string {
  let a = 0x811c9dc5;
  let b = 0xcbf29ce4;
  for (const slice of encodeState(capture)) {
    for (const byte of slice) {
      a = Math.imul(a ^ byte, 0x01000193);
      b = Math.imul(b ^ byte, 0x01000197);
    }
  }
  return [a, b].map((lane) => (lane >>> 0).toString(16).padStart(8, "0")).join("");
}
