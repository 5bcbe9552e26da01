/**
 * Asks once: HTTP, a TCP connection, or a command inside the container.
 *
 * HTTPS certificates are not verified, because the question is whether the service answers, and it
 * is asked at its address, which no certificate names. Redirects are answers, not followed.
 */
import http from "node:http";
import https from "node:https";
import type { HealthProbe } from "../../model/mod.ts";
import type { Runtime } from "../runtime/runtime.ts";

/** The container to ask. */
export interface ProbeTarget {
  readonly runtime: Runtime;
  readonly containerId: string;
  readonly address: string;
}

/** How to ask; the real one is {@link networkProbes}. */
export interface ProbeIo {
  /** "" when it is well, else why not, in plain words. May throw on abort. */
  ask(probe: HealthProbe, target: ProbeTarget, signal: AbortSignal): Promise<string>;
}

/** Characters of a command's output that are told. */
const OUTPUT_CHARS = 200;

/** Asks over the network and the runtime. */
export const networkProbes: ProbeIo = {
  ask(probe, target, signal) {
    if (probe.kind === "tcp") return askTcp(target.address, probe.port, signal);
    return probe.kind === "http"
      ? askHttp(probe, target.address, signal)
      : askCommand(probe.command, target, signal);
  },
};

async function askTcp(hostname: string, port: number, signal: AbortSignal): Promise<string> {
  try {
    (await Deno.connect({ hostname, port, signal })).close();
    return "";
  } catch (error) {
    return connectionWords(error, hostname, port);
  }
}

function askHttp(
  probe: Extract<HealthProbe, { kind: "http" }>,
  address: string,
  signal: AbortSignal,
): Promise<string> {
  const { request } = probe.scheme === "https" ? https : http;
  return new Promise((resolve) => {
    const asked = request({
      host: address,
      port: probe.port,
      path: probe.path,
      method: "GET",
      headers: {
        Host: `${address}:${probe.port}`,
        "User-Agent": "warren-health",
        ...probe.headers,
      },
      agent: false,
      rejectUnauthorized: false,
      signal,
    }, (response) => {
      const status = response.statusCode ?? 0;
      response.destroy();
      const isGood = status >= probe.statusMin && status <= probe.statusMax;
      resolve(isGood ? "" : `HTTP status ${status} from ${probe.path}`);
    });
    asked.on("error", (error) => resolve(connectionWords(error, address, probe.port)));
    asked.end();
  });
}

async function askCommand(
  command: readonly string[],
  target: ProbeTarget,
  signal: AbortSignal,
): Promise<string> {
  const session = await target.runtime.exec(target.containerId, {
    command,
    tty: false,
    stdin: false,
    env: {},
    user: "",
    workdir: "",
    columns: 0,
    rows: 0,
    signal,
  });
  const decoder = new TextDecoder();
  let output = "";
  for await (const { data } of session.output) {
    if (output.length < OUTPUT_CHARS) output += decoder.decode(data, { stream: true });
  }
  const code = await session.exitCode;
  if (code === 0) return "";
  const said = output.trim().slice(0, OUTPUT_CHARS).replaceAll("\n", " ");
  return `the command exited with code ${code}${said ? `: ${said}` : ""}`;
}

function connectionWords(error: unknown, host: string, port: number): string {
  const message = error instanceof Error ? error.message : String(error);
  if (/refused/i.test(message)) return `connection to ${host}:${port} refused`;
  return `cannot connect to ${host}:${port}: ${message}`;
}
