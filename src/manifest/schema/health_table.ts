/**
 * The table of a health check. It is written flat (`type`, `path`, `port`, …) and kept as a probe
 * with a rhythm; `endpoint` is what earlier versions had for path and port in one.
 */
import { assertNever } from "../../lib/mod.ts";
import { defaultHealthCheck, type HealthCheck, type HealthProbe } from "../../model/mod.ts";
import { choice, type Codec, duration, integer, text } from "./codec.ts";
import { field, mapped, ownFields, table } from "./field.ts";
import { shellCommand, texts } from "./texts.ts";

/** A health check as it is written. */
interface HealthForm extends Omit<HealthCheck, "probe"> {
  readonly kind: HealthProbe["kind"];
  readonly path: string;
  /** 0 when it is to be derived from the published port. */
  readonly port: number;
  readonly scheme: "http" | "https";
  readonly headers: Readonly<Record<string, string>>;
  readonly statusMin: number;
  readonly statusMax: number;
  readonly command: readonly string[];
}

const { probe: _, ...DEFAULT_RHYTHM } = defaultHealthCheck({ kind: "tcp", port: 0 });

const BASE: HealthForm = {
  kind: "http",
  path: "/",
  port: 0,
  scheme: "http",
  headers: {},
  statusMin: 200,
  statusMax: 399,
  command: [],
  ...DEFAULT_RHYTHM,
};

const own = ownFields<HealthForm>();

const form = table<HealthForm>({
  type: "map",
  base: BASE,
  fields: [
    own("kind", choice(["http", "tcp", "exec"], { cmd: "exec" }), "What is asked", {
      key: "type",
      spec: "probe.kind",
      required: true,
    }),
    own("path", text, "Path of an http check; `/`", { spec: "probe.path" }),
    own("port", integer, "Container port; the only published tcp port", { spec: "probe.port" }),
    own("scheme", choice(["http", "https"]), "`http`", { spec: "probe.scheme" }),
    own("headers", texts, "Headers of an http check", { spec: "probe.headers" }),
    own("statusMin", integer, "Lowest good status; `200`", { spec: "probe.statusMin" }),
    own("statusMax", integer, "Highest good status; `399`", { spec: "probe.statusMax" }),
    field<HealthForm, string>({
      key: "endpoint",
      codec: text,
      doc: "Path and port in one: `/health`, `http://localhost:8080/health`, `localhost:5432`",
      spec: "probe.port",
      get: () => undefined,
      put: putEndpoint,
    }),
    own("command", shellCommand, "Command of an exec check", { spec: "probe.command" }),
    own("intervalMs", duration, "Time between checks; `30s`", { key: "interval" }),
    own("timeoutMs", duration, "Time for an answer; `10s`", { key: "timeout" }),
    own("retries", integer, "Failures in a row that make it unhealthy; `3`"),
    own("startPeriodMs", duration, "Time after the start when failures do not count; `0s`", {
      key: "startPeriod",
    }),
  ],
});

/** A health check; null when there is none. */
export const health: Codec<HealthCheck | null> = mapped(form, {
  blank: null,
  to(read, cursor, tree) {
    const unused = unusedKey(read);
    if (unused !== undefined) {
      cursor.fault(
        tree.place,
        `has ${unused}, which a check of type ${read.kind} does not use`,
      );
    }
    const { intervalMs, timeoutMs, retries, startPeriodMs } = read;
    return { probe: probeOf(read), intervalMs, timeoutMs, retries, startPeriodMs };
  },
  from(check) {
    if (check === null) return BASE;
    const { probe, ...rhythm } = check;
    return { ...BASE, ...rhythm, ...probe };
  },
});

function probeOf(read: HealthForm): HealthProbe {
  const { kind, path, port, scheme, headers, statusMin, statusMax, command } = read;
  switch (kind) {
    case "http":
      return { kind, path, port, scheme, headers, statusMin, statusMax };
    case "tcp":
      return { kind, port };
    case "exec":
      return { kind, command };
    default:
      return assertNever(kind, "health check type");
  }
}

/** A key that was given but belongs to another type of check. */
function unusedKey(read: HealthForm): string | undefined {
  if (read.kind !== "exec" && read.command.length > 0) return "command";
  if (read.kind !== "http" && read.path !== BASE.path) return "path";
  if (read.kind === "exec" && read.port !== 0) return "port";
  return undefined;
}

/** Only the container itself is ever asked, so a host other than that is a misunderstanding. */
function putEndpoint(draft: HealthForm, endpoint: string, fault: (message: string) => void) {
  const parts = /^(?:(https?):\/\/)?([^\/:]*)(?::(\d{1,5}))?(\/.*)?$/s.exec(endpoint);
  const [, scheme, host = "", port, path] = parts ?? [];
  if (!parts || (host !== "" && host !== "localhost" && host !== "127.0.0.1")) {
    fault("must be /path, http://localhost:8080/path or localhost:5432: tasks are asked directly");
    return draft;
  }
  return {
    ...draft,
    ...(scheme === "https" && { scheme } as const),
    ...(port !== undefined && { port: Number(port) }),
    ...(path !== undefined && { path }),
  };
}
