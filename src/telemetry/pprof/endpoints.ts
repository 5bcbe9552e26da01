/**
 * The pages below `/debug/pprof/`, in the shapes that `go tool pprof` asks for.
 *
 * Used by the HTTP endpoint when profiling is enabled. Pages of the Go runtime that have no
 * counterpart here answer 501 and say so. Invariant: at most one profile is taken at a time, none
 * longer than the bound, and none goes on after its reader left.
 */
import { type Clock, WarrenError } from "../../lib/mod.ts";
import { redactArgs } from "./cmdline.ts";
import { Profiler } from "./profiler.ts";

/** Longest profile in seconds. */
export const MAX_PROFILE_SECONDS = 300;
/** The profiles and how long each takes unless told, in seconds; a heap profile takes no time. */
const PROFILES: Readonly<Record<string, number>> = { profile: 30, allocs: 10, heap: 1 };

/** Pages of Go's runtime and why this one has none. */
const ABSENT: Readonly<Record<string, string>> = {
  goroutine:
    "This program has no goroutines: it runs on one event loop, whose stack a cpu profile shows.",
  block: "Nothing blocks on locks here: waiting is asynchronous and leaves no stack to sample.",
  mutex: "There are no mutexes between threads that share memory here.",
  threadcreate:
    "Threads are made by the engine, not by this program, and their stacks are not recorded.",
  symbol: "Profiles carry their function names: there are no addresses to look up.",
  trace: "There is no execution tracer in the engine. A cpu profile is the nearest thing.",
};

/** What the endpoints are made from. */
export interface PprofOptions {
  readonly clock: Clock;
  /** The program's arguments; secrets are taken out before they are shown. */
  readonly args: readonly string[];
}

/** Serves `/debug/pprof/`. */
export class PprofEndpoints implements AsyncDisposable {
  readonly #profiler: Profiler;
  readonly #args: readonly string[];
  readonly #stopping = new AbortController();

  constructor(options: PprofOptions) {
    this.#profiler = new Profiler(options.clock);
    this.#args = options.args;
  }

  /** Begins the standing heap sampling. */
  start(): Promise<void> {
    return this.#profiler.start();
  }

  /** Answers a GET of `/debug/pprof/${page}`. */
  handle(page: string, request: Request): Response {
    const reason = lookUp(ABSENT, page);
    if (reason !== undefined) return text(501, `Not available: ${reason}`);
    if (page === "") return text(200, INDEX, "text/html; charset=utf-8");
    if (page === "cmdline") return text(200, redactArgs(this.#args).join("\0"));
    const defaultSeconds = lookUp(PROFILES, page);
    if (defaultSeconds === undefined) {
      return text(404, `There is no profile "${page}": see /debug/pprof/`);
    }
    const seconds = parseSeconds(new URL(request.url).searchParams, defaultSeconds);
    if (seconds === undefined) {
      return text(400, `"seconds" must be a whole number from 1 to ${MAX_PROFILE_SECONDS}`);
    }
    if (this.#stopping.signal.aborted) return text(503, "The process is stopping");
    const busyWith = this.#profiler.busyWith;
    if (busyWith !== undefined) {
      return text(
        429,
        `One profile at a time: ${busyWith} is being taken. Try again when it is done`,
      );
    }
    return this.#profile(page, seconds);
  }

  /** Aborts a profile that is under way and ends all sampling. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort(
      new WarrenError("STOPPING", "Cannot finish the profile: the process stops"),
    );
    await this.#profiler[Symbol.asyncDispose]();
  }

  /** The head is sent at once and the body when it is there, so that a reader who leaves is noticed. */
  #profile(page: string, seconds: number): Response {
    const reader = new AbortController();
    const signal = AbortSignal.any([reader.signal, this.#stopping.signal]);
    const body = new ReadableStream<Uint8Array>({
      start: async (controller) => {
        controller.enqueue(await gzip(await this.#take(page, seconds, signal)));
        controller.close();
      },
      cancel: () => reader.abort(),
    });
    return new Response(body, {
      headers: {
        "content-type": "application/octet-stream",
        "content-disposition": `attachment; filename="${page}.pb.gz"`,
        "cache-control": "no-store",
      },
    });
  }

  #take(page: string, seconds: number, signal: AbortSignal): Promise<Uint8Array> {
    if (page === "heap") return this.#profiler.heap();
    if (page === "allocs") return this.#profiler.allocations(seconds, signal);
    return this.#profiler.cpu(seconds, signal);
  }
}

function lookUp<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function parseSeconds(query: URLSearchParams, fallback: number): number | undefined {
  const given = query.get("seconds");
  if (given === null) return fallback;
  const seconds = /^\d{1,4}$/.test(given) ? Number(given) : 0;
  return seconds >= 1 && seconds <= MAX_PROFILE_SECONDS ? seconds : undefined;
}

async function gzip(data: Uint8Array): Promise<Uint8Array> {
  const packed = new Blob([new Uint8Array(data)]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

function text(status: number, body: string, type = "text/plain; charset=utf-8"): Response {
  return new Response(body.endsWith("\n") ? body : `${body}\n`, {
    status,
    headers: { "content-type": type, ...(status === 429 && { "retry-after": "10" }) },
  });
}

const INDEX = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Warren profiles</title></head><body>
<h1>Profiles of this process</h1>
<p>Read them with <code>go tool pprof</code>, for instance
<code>go tool pprof http://HOST:PORT/debug/pprof/profile?seconds=10</code>.
One profile is taken at a time. They show the main thread.</p>
<ul>
<li><a href="profile?seconds=10">profile</a>: what uses the cpu; <code>seconds</code> from 1 to ${MAX_PROFILE_SECONDS}, default ${PROFILES.profile}</li>
<li><a href="heap">heap</a>: memory in use that was allocated since the sampling began</li>
<li><a href="allocs?seconds=10">allocs</a>: what is allocated during <code>seconds</code>, default ${PROFILES.allocs}</li>
<li><a href="cmdline">cmdline</a>: the command line, without secrets</li>
</ul>
<p>Without a counterpart here:
${Object.keys(ABSENT).map((page) => `<a href="${page}">${page}</a>`).join(", ")}.</p>
</body></html>
`;
