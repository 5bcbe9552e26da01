/**
 * The HTTP endpoint of a daemon: `/metrics`, `/health`, `/ready`, `/live` and, when enabled,
 * `/debug/pprof/`.
 *
 * Started by the composition root. It answers GET and HEAD, reads no body and knows nothing of the
 * cluster: it asks the parts through the functions it was given. Invariant: a request never waits
 * for another one except for its turn, and no more than `MAX_REQUESTS` are answered at a time.
 */
import { type Clock, type Log, WarrenError } from "../lib/mod.ts";
import {
  type ComponentHealth,
  describeHealth,
  describeLiveness,
  describeReadiness,
  type HealthAnswer,
} from "./health.ts";
import { parseHttpAddress } from "./http_address.ts";
import type { MetricsRegistry } from "./metrics_registry.ts";
import { PprofEndpoints } from "./pprof/endpoints.ts";

/** Requests that are answered at a time; more are refused with 503. */
const MAX_REQUESTS = 64;
/** How long a graceful stop waits for answers under way, in milliseconds. */
const STOP_MS = 2_000;

/** What the endpoint is made from. */
export interface HttpOptions {
  /** `HOST:PORT`, where port 0 means any, or `off`. */
  readonly address: string;
  readonly registry: MetricsRegistry;
  /** Asked at each `/health` and `/ready`; must be cheap. */
  readonly components: () => readonly ComponentHealth[];
  readonly enablePprof: boolean;
  /** The program's arguments, for `/debug/pprof/cmdline`. */
  readonly args: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
}

/** A running endpoint. */
export interface HttpEndpoint extends AsyncDisposable {
  /** `HOST:PORT` as bound, or `off`. */
  readonly address: string;
}

/**
 * Starts to listen. @throws PORT_IN_USE, USAGE (an address that cannot be parsed or bound), each
 * naming the flag.
 */
export async function startHttp(options: HttpOptions): Promise<HttpEndpoint> {
  if (options.address === "off") {
    return { address: "off", [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const { hostname, port, isLoopback } = parseHttpAddress(options.address);
  const pprof = options.enablePprof
    ? new PprofEndpoints({ clock: options.clock, args: options.args })
    : undefined;
  const site = new Site(options, pprof);
  const force = new AbortController();
  const server = listen(options, { hostname, port, site, signal: force.signal });
  await pprof?.start();
  if (!isLoopback) {
    options.log.warn("The metrics address can be reached from other machines", {
      component: "http",
      address: options.address,
      pprof: options.enablePprof,
    });
  }
  const { addr } = server;
  const host = addr.hostname.includes(":") ? `[${addr.hostname}]` : addr.hostname;
  return {
    address: `${host}:${addr.port}`,
    [Symbol.asyncDispose]: async () => {
      await pprof?.[Symbol.asyncDispose]();
      const giveUp = options.clock.after(STOP_MS, () => force.abort());
      await server.shutdown();
      giveUp();
      await server.finished;
    },
  };
}

interface ListenOptions {
  readonly hostname: string;
  readonly port: number;
  readonly site: Site;
  /** Cuts off whoever is still connected. */
  readonly signal: AbortSignal;
}

function listen(options: HttpOptions, { hostname, port, site, signal }: ListenOptions) {
  try {
    return Deno.serve({
      hostname,
      port,
      signal,
      onListen: () => {},
      onError: (error) => site.fail(error),
      handler: (request) => site.answer(request),
    });
  } catch (error) {
    const doing = `Cannot serve metrics on "${options.address}"`;
    if (error instanceof Deno.errors.AddrInUse) {
      throw new WarrenError("PORT_IN_USE", `${doing}: the address is in use`, {
        hint: 'choose another with --metrics-addr, or none with "--metrics-addr off"',
      });
    }
    const why = error instanceof Error ? error.message : String(error);
    throw new WarrenError("USAGE", `${doing}: ${why}`, {
      hint: "give an address of this machine with --metrics-addr",
    });
  }
}

/** The pages. */
class Site {
  readonly #options: HttpOptions;
  readonly #pprof: PprofEndpoints | undefined;
  readonly #startMs: number;
  #requests = 0;

  constructor(options: HttpOptions, pprof: PprofEndpoints | undefined) {
    this.#options = options;
    this.#pprof = pprof;
    this.#startMs = options.clock.monoNow();
  }

  async answer(request: Request): Promise<Response> {
    if (this.#requests >= MAX_REQUESTS) return text(503, "Too many requests at a time");
    this.#requests++;
    try {
      const response = await this.#page(request);
      if (request.method !== "HEAD") return response;
      await response.body?.cancel();
      return new Response(null, { status: response.status, headers: response.headers });
    } finally {
      this.#requests--;
    }
  }

  fail(error: unknown): Response {
    const { message } = WarrenError.from(error, "Cannot answer");
    this.#options.log.error("A page of the metrics address failed", {
      component: "http",
      error: message,
    });
    return text(500, "Something went wrong: see the log");
  }

  #page(request: Request): Promise<Response> | Response {
    const url = URL.parse(request.url);
    if (url === null) return text(400, "That is no address of a page");
    const page = this.#find(url.pathname);
    if (page === undefined) {
      return text(404, "Not found. There are /metrics, /health, /ready and /live");
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      return text(405, "Only GET and HEAD are answered here", { allow: "GET, HEAD" });
    }
    return page(request);
  }

  #find(path: string): ((request: Request) => Promise<Response> | Response) | undefined {
    switch (path) {
      case "/metrics":
        return () => this.#metrics();
      case "/health":
        return () => json(describeHealth(this.#options.components(), this.#times()));
      case "/ready":
        return () => json(describeReadiness(this.#options.components()));
      case "/live":
        return () => json(describeLiveness(this.#times()));
    }
    const profile = /^\/debug\/pprof(?:\/([\w-]*))?$/.exec(path);
    if (profile === null) return undefined;
    const pprof = this.#pprof;
    if (pprof === undefined) return () => text(404, "Profiling is off: start with --enable-pprof");
    const name = profile[1];
    if (name === undefined) {
      return () => text(301, "See /debug/pprof/", { location: "/debug/pprof/" });
    }
    return (request) => pprof.handle(name, request);
  }

  async #metrics(): Promise<Response> {
    const { registry } = this.#options;
    return new Response(await registry.render(), {
      headers: { "content-type": registry.contentType, ...COMMON_HEADERS },
    });
  }

  #times() {
    const { clock } = this.#options;
    return { nowMs: clock.wallNow(), uptimeMs: clock.monoNow() - this.#startMs };
  }
}

const COMMON_HEADERS = { "cache-control": "no-store", "x-content-type-options": "nosniff" };

function json({ status, body }: HealthAnswer): Response {
  return new Response(JSON.stringify(body) + "\n", {
    status,
    headers: { "content-type": "application/json", ...COMMON_HEADERS },
  });
}

function text(status: number, body: string, headers: Record<string, string> = {}): Response {
  return new Response(body + "\n", {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", ...COMMON_HEADERS, ...headers },
  });
}
