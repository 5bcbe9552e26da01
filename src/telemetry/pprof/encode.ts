/**
 * Turns profiles of the JavaScript engine into the format that `go tool pprof` reads.
 *
 * Called by the pprof endpoints. Pure; it neither samples nor compresses. Invariant: every sample
 * names its whole stack, innermost function first, and idle time is no sample: as in Go, a cpu
 * profile holds what used the cpu.
 */
import {
  Function as PprofFunction,
  Line,
  Location,
  Mapping,
  Profile,
  Sample,
  StringTable,
  ValueType,
} from "pprof-format";

/** A place in the program; lines and columns count from 0, as the engine counts them. */
export interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

/** A cpu profile as the engine gives it; times in microseconds. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: CallFrame;
    readonly children?: readonly number[];
  }[];
  readonly startTime: number;
  readonly endTime: number;
  readonly samples?: readonly number[];
  readonly timeDeltas?: readonly number[];
}

/** A node of a heap profile; `selfSize` in bytes. */
export interface HeapNode {
  /** Absent in the inspector's published types, present in what it gives. */
  readonly id?: number;
  readonly callFrame: CallFrame;
  readonly selfSize: number;
  readonly children: readonly HeapNode[];
}

/** A sampled heap as the engine gives it. */
export interface HeapProfile {
  readonly head: HeapNode;
  readonly samples?: readonly { readonly nodeId: number; readonly size: number }[];
}

/** When a profile was taken and how densely. */
export interface ProfileMeta {
  /** Wall time of the start in milliseconds. */
  readonly startMs: number;
  readonly durationMs: number;
  /** Microseconds between cpu samples, or bytes between heap samples. */
  readonly period: number;
  /** The name to show for a function; its own unless given. */
  readonly nameOf?: (frame: CallFrame) => string;
}

const NANOS_PER_MICRO = 1_000;
const NANOS_PER_MILLI = 1_000_000;
/** Stacks deeper than this are cut at the root. */
const MAX_DEPTH = 512;

/** Every frame of a heap profile. */
export function* heapFrames(profile: HeapProfile): Generator<CallFrame> {
  const pending = [profile.head];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    yield node.callFrame;
    for (const child of node.children) pending.push(child);
  }
}

/** A cpu profile with the sample types of Go: samples and cpu nanoseconds. */
export function encodeCpuProfile(profile: CpuProfile, meta: ProfileMeta): Uint8Array {
  const table = new Table(meta.nameOf ?? (({ functionName }) => functionName));
  const parents = new Map<number, number>();
  const frames = new Map<number, CallFrame>();
  for (const node of profile.nodes) {
    frames.set(node.id, node.callFrame);
    for (const child of node.children ?? []) parents.set(child, node.id);
  }
  const samples: Sample[] = [];
  for (const [nodeId, { count, micros }] of weighSamples(profile, meta.period)) {
    if (frames.get(nodeId)?.functionName === "(idle)") continue;
    const stack: number[] = [];
    for (let id: number | undefined = nodeId; id !== undefined; id = parents.get(id)) {
      const frame = frames.get(id);
      if (frame !== undefined && stack.length < MAX_DEPTH) table.pushFrame(stack, frame);
    }
    if (stack.length === 0) continue;
    samples.push(new Sample({ locationId: stack, value: [count, micros * NANOS_PER_MICRO] }));
  }
  return table.encode(samples, {
    types: [["samples", "count"], ["cpu", "nanoseconds"]],
    periodType: ["cpu", "nanoseconds"],
    period: meta.period * NANOS_PER_MICRO,
    meta,
  });
}

/** Bytes and sampled objects; `kind` says whether those that were freed meanwhile are in it. */
export function encodeHeapProfile(
  profile: HeapProfile,
  kind: "inuse" | "alloc",
  meta: ProfileMeta,
): Uint8Array {
  const table = new Table(meta.nameOf ?? (({ functionName }) => functionName));
  const objects = new Map<number, number>();
  for (const { nodeId } of profile.samples ?? []) {
    objects.set(nodeId, (objects.get(nodeId) ?? 0) + 1);
  }
  const samples: Sample[] = [];
  const pending: { node: HeapNode; stack: readonly number[] }[] = [
    { node: profile.head, stack: [] },
  ];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const stack: number[] = [];
    table.pushFrame(stack, next.node.callFrame);
    stack.push(...next.stack.slice(0, MAX_DEPTH - 1));
    if (next.node.selfSize > 0 && stack.length > 0) {
      const value = [objects.get(next.node.id ?? 0) ?? 1, next.node.selfSize];
      samples.push(new Sample({ locationId: stack, value }));
    }
    for (const node of next.node.children) pending.push({ node, stack });
  }
  return table.encode(samples, {
    types: [[`${kind}_objects`, "count"], [`${kind}_space`, "bytes"]],
    periodType: ["space", "bytes"],
    period: meta.period,
    meta,
  });
}

/** A sample stands for the time until the next one. */
function weighSamples(
  profile: CpuProfile,
  periodMicros: number,
): Map<number, { count: number; micros: number }> {
  const { samples = [], timeDeltas = [] } = profile;
  const weights = new Map<number, { count: number; micros: number }>();
  samples.forEach((nodeId, i) => {
    const weight = weights.get(nodeId) ?? { count: 0, micros: 0 };
    weight.count++;
    weight.micros += Math.max(0, timeDeltas[i + 1] ?? periodMicros);
    weights.set(nodeId, weight);
  });
  return weights;
}

type TypeNames = readonly [type: string, unit: string];

interface EncodeOptions {
  readonly types: readonly TypeNames[];
  readonly periodType: TypeNames;
  readonly period: number;
  readonly meta: ProfileMeta;
}

/** Collects strings, functions and locations, each once. */
class Table {
  readonly #strings = new StringTable();
  readonly #functions: PprofFunction[] = [];
  readonly #locations: Location[] = [];
  readonly #ids = new Map<string, number>();
  readonly #nameOf: (frame: CallFrame) => string;

  constructor(nameOf: (frame: CallFrame) => string) {
    this.#nameOf = nameOf;
  }

  /** Adds the frame's location to the end of `stack`; the engine's root is left out. */
  pushFrame(stack: number[], frame: CallFrame): void {
    if (frame.functionName === "(root)") return;
    const file = frame.url.replace(/^file:\/\//, "");
    const line = Math.max(0, frame.lineNumber + 1);
    const name = this.#nameOf(frame) || anonymousName(file, `${line}:${frame.columnNumber + 1}`);
    const key = `${name}\u0000${file}\u0000${line}`;
    const id = this.#ids.get(key) ?? this.#add(name, file, line);
    this.#ids.set(key, id);
    stack.push(id);
  }

  #add(name: string, file: string, line: number): number {
    const id = this.#functions.length + 1;
    const nameIndex = this.#strings.dedup(name);
    this.#functions.push(
      new PprofFunction({
        id,
        name: nameIndex,
        systemName: nameIndex,
        filename: this.#strings.dedup(file),
        startLine: line,
      }),
    );
    this.#locations.push(
      new Location({ id, mappingId: 1, line: [new Line({ functionId: id, line })] }),
    );
    return id;
  }

  encode(samples: Sample[], options: EncodeOptions): Uint8Array {
    const valueType = ([type, unit]: TypeNames) =>
      new ValueType({ type: this.#strings.dedup(type), unit: this.#strings.dedup(unit) });
    const mapping = new Mapping({
      id: 1,
      filename: this.#strings.dedup("warren"),
      hasFunctions: true,
      hasFilenames: true,
      hasLineNumbers: true,
      hasInlineFrames: true,
    });
    return new Profile({
      sampleType: options.types.map(valueType),
      sample: samples,
      mapping: [mapping],
      location: this.#locations,
      function: this.#functions,
      stringTable: this.#strings,
      timeNanos: BigInt(Math.round(options.meta.startMs)) * BigInt(NANOS_PER_MILLI),
      durationNanos: Math.round(options.meta.durationMs * NANOS_PER_MILLI),
      periodType: valueType(options.periodType),
      period: options.period,
    }).encode();
  }
}

/** Functions without a name are told apart by where they begin. */
function anonymousName(file: string, place: string): string {
  const base = file.slice(file.lastIndexOf("/") + 1);
  return base === "" ? "(anonymous)" : `(anonymous) ${base}:${place}`;
}
