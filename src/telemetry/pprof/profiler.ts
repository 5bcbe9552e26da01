/**
 * Takes profiles of this process through the engine's inspector, one at a time.
 *
 * Made by the pprof endpoints; loads the inspector only when used. Heap sampling runs from the start
 * to the end of the profiler, so that "what holds memory now" has an answer at once. It sees the
 * main thread only. Invariant: whatever ends a profile, the engine's sampling is off or back to what
 * it was before.
 */
import type { Session } from "node:inspector";
import { type Clock, sleep, WarrenError } from "../../lib/mod.ts";
import { BundleNames } from "./bundle_names.ts";
import {
  type CallFrame,
  type CpuProfile,
  encodeCpuProfile,
  encodeHeapProfile,
  heapFrames,
  type HeapProfile,
} from "./encode.ts";

/** Microseconds between cpu samples. */
const CPU_PERIOD_MICROS = 1_000;
/** Mean bytes between heap samples. */
const HEAP_PERIOD_BYTES = 64 * 1024;

/** Profiles of this process in pprof's format, not compressed. */
export class Profiler implements AsyncDisposable {
  readonly #clock: Clock;
  #session: Promise<Session> | undefined;
  #heapSinceMs = 0;
  #busy: string | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The profile that is being taken. */
  get busyWith(): string | undefined {
    return this.#busy;
  }

  /** Begins the standing heap sampling; without it `heap` begins with its first call. */
  async start(): Promise<void> {
    await this.#open();
  }

  /** What used the cpu during `seconds`. @throws TOO_MANY while another profile is taken. */
  cpu(seconds: number, signal: AbortSignal): Promise<Uint8Array> {
    return this.#exclusive("a cpu profile", async (session) => {
      const startMs = this.#clock.wallNow();
      await post(session, "Profiler.enable");
      try {
        await post(session, "Profiler.setSamplingInterval", { interval: CPU_PERIOD_MICROS });
        await post(session, "Profiler.start");
        await sleep(this.#clock, seconds * 1000, signal);
        const profile = await stopCpu(session);
        const durationMs = (profile.endTime - profile.startTime) / 1000;
        const nameOf = await loadNames(profile.nodes.map((node) => node.callFrame));
        const meta = { startMs, durationMs, period: CPU_PERIOD_MICROS, nameOf };
        return encodeCpuProfile(profile, meta);
      } finally {
        await post(session, "Profiler.disable");
      }
    });
  }

  /**
   * Memory that is in use and was allocated since the sampling began.
   * @throws TOO_MANY while another profile is taken.
   */
  heap(): Promise<Uint8Array> {
    return this.#exclusive("a heap profile", async (session) => {
      const profile = await currentHeap(session);
      const durationMs = this.#clock.wallNow() - this.#heapSinceMs;
      const nameOf = await loadNames(heapFrames(profile));
      const meta = { startMs: this.#heapSinceMs, durationMs, period: HEAP_PERIOD_BYTES, nameOf };
      return encodeHeapProfile(profile, "inuse", meta);
    });
  }

  /**
   * What is allocated during `seconds`, freed or not. The standing sampling begins anew afterwards.
   * @throws TOO_MANY while another profile is taken.
   */
  allocations(seconds: number, signal: AbortSignal): Promise<Uint8Array> {
    return this.#exclusive("an allocation profile", async (session) => {
      const startMs = this.#clock.wallNow();
      await post(session, "HeapProfiler.stopSampling");
      try {
        await post(session, "HeapProfiler.startSampling", {
          samplingInterval: HEAP_PERIOD_BYTES,
          includeObjectsCollectedByMajorGC: true,
          includeObjectsCollectedByMinorGC: true,
        });
        await sleep(this.#clock, seconds * 1000, signal);
        const profile = await currentHeap(session);
        const durationMs = this.#clock.wallNow() - startMs;
        const nameOf = await loadNames(heapFrames(profile));
        const meta = { startMs, durationMs, period: HEAP_PERIOD_BYTES, nameOf };
        return encodeHeapProfile(profile, "alloc", meta);
      } finally {
        await post(session, "HeapProfiler.stopSampling");
        await this.#startHeap(session);
      }
    });
  }

  /** Ends all sampling. Abort profiles that are under way first. */
  async [Symbol.asyncDispose](): Promise<void> {
    const session = await this.#session;
    this.#session = undefined;
    session?.disconnect();
  }

  async #exclusive<T>(what: string, take: (session: Session) => Promise<T>): Promise<T> {
    if (this.#busy !== undefined) {
      throw new WarrenError("TOO_MANY", `Cannot take ${what}: ${this.#busy} is being taken`);
    }
    this.#busy = what;
    try {
      return await take(await this.#open());
    } finally {
      this.#busy = undefined;
    }
  }

  #open(): Promise<Session> {
    return this.#session ??= (async () => {
      const { Session } = await import("node:inspector");
      const session = new Session();
      session.connect();
      await post(session, "HeapProfiler.enable");
      await this.#startHeap(session);
      return session;
    })();
  }

  async #startHeap(session: Session): Promise<void> {
    this.#heapSinceMs = this.#clock.wallNow();
    await post(session, "HeapProfiler.startSampling", { samplingInterval: HEAP_PERIOD_BYTES });
  }
}

/** Reads the bundle's files that occur in a profile for the names that were in the source. */
async function loadNames(frames: Iterable<CallFrame>): Promise<(frame: CallFrame) => string> {
  const names = new Map<string, BundleNames>();
  for (const { url } of frames) {
    if (names.has(url) || !url.startsWith("file://") || !url.endsWith(".js")) continue;
    // Without the file, for instance after an upgrade, the short names stay.
    const text = await Deno.readTextFile(new URL(url)).catch(() => "");
    names.set(url, new BundleNames(text));
  }
  return (frame) => names.get(frame.url)?.find(frame) ?? frame.functionName;
}

function post(session: Session, method: string, params?: object): Promise<void> {
  return new Promise((resolve, reject) => {
    session.post(method, params, (error) => error === null ? resolve() : reject(error));
  });
}

function stopCpu(session: Session): Promise<CpuProfile> {
  return new Promise((resolve, reject) => {
    session.post("Profiler.stop", (error, result) => {
      if (error === null) resolve(result.profile);
      else reject(error);
    });
  });
}

function currentHeap(session: Session): Promise<HeapProfile> {
  return new Promise((resolve, reject) => {
    session.post("HeapProfiler.getSamplingProfile", (error, result) => {
      if (error === null) resolve(result.profile);
      else reject(error);
    });
  });
}
