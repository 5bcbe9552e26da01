/**
 * Runs a command inside a container over an upgraded socket.
 *
 * The engine cannot end such a command, so on abort its process is killed on the host, after a look
 * at /proc that it is really one of this container's.
 */
import { type Clock, sleep } from "../../../lib/mod.ts";
import type { ExecOptions, ExecSession } from "../runtime.ts";
import { decodeFrames, type Frame } from "./frames.ts";
import type { EngineClient, EngineStream } from "./http.ts";
import { asNumber, asRecord, asText } from "./parse.ts";
import { readStream } from "./read.ts";

/** What exec needs of the runtime. */
export interface ExecContext {
  readonly engine: EngineClient;
  readonly clock: Clock;
  /** Whether the engine's process ids are ours. */
  readonly isLocal: boolean;
}

/** The engine writes the exit code shortly after the output ended. */
const EXIT_CODE_TRIES = 100;
const EXIT_CODE_PAUSE_MS = 10;

/** Starts `options.command`. @throws TASK_NOT_RUNNING by the engine's words, ENGINE_FAILED */
export async function startExec(
  containerId: string,
  options: ExecOptions,
  context: ExecContext,
): Promise<ExecSession> {
  const { engine } = context;
  const doing = `run "${options.command[0] ?? ""}" in the container`;
  const created = await engine.call({
    method: "POST",
    path: `/containers/${containerId}/exec`,
    body: execBody(options),
    doing,
    signal: options.signal,
  });
  const execId = asText(asRecord(created)["Id"]);
  const socket = await engine.hijack({
    method: "POST",
    path: `/exec/${execId}/start`,
    body: { Detach: false, Tty: options.tty },
    doing,
  });
  if (!options.stdin) await endInput(socket);
  const session = openSession(execId, containerId, socket, options, context);
  if (options.tty && options.columns > 0) await session.resize(options.columns, options.rows);
  return session;
}

function execBody(options: ExecOptions): Record<string, unknown> {
  return {
    Cmd: options.command,
    Tty: options.tty,
    AttachStdin: options.stdin,
    AttachStdout: true,
    AttachStderr: true,
    Env: Object.entries(options.env).map(([name, value]) => `${name}=${value}`),
    ...(options.user !== "" && { User: options.user }),
    ...(options.workdir !== "" && { WorkingDir: options.workdir }),
  };
}

function openSession(
  execId: string,
  containerId: string,
  socket: EngineStream,
  options: ExecOptions,
  context: ExecContext,
): ExecSession {
  const ended = Promise.withResolvers<number>();
  ended.promise.catch(() => {}); // whoever awaits exitCode gets it; nobody has to
  const inspect = async () =>
    asRecord(
      await context.engine.call({
        method: "GET",
        path: `/exec/${execId}/json`,
        doing: "look at the command",
      }),
    );
  async function* output(): AsyncGenerator<Frame> {
    try {
      const chunks = readStream(socket, options.signal, "read the command's output");
      if (options.tty) {
        for await (const data of chunks) yield { stream: "stdout", data };
      } else {
        yield* decodeFrames(chunks);
      }
    } finally {
      await settle(ended, options.signal, () => exitCode(inspect, context.clock), async () => {
        if (context.isLocal) await killExec(await inspect(), containerId);
      });
    }
  }
  return {
    output: output(),
    exitCode: ended.promise,
    write: (data) => writeInput(socket, data),
    closeStdin: () => endInput(socket),
    async resize(columns, rows) {
      await context.engine.call({
        method: "POST",
        path: `/exec/${execId}/resize`,
        query: { w: columns, h: rows },
        doing: "resize the terminal",
      });
    },
  };
}

async function settle(
  ended: PromiseWithResolvers<number>,
  signal: AbortSignal,
  exitCode: () => Promise<number>,
  kill: () => Promise<void>,
): Promise<void> {
  try {
    if (signal.aborted) await kill();
    ended.resolve(signal.aborted ? 137 : await exitCode());
  } catch (error) {
    ended.reject(error);
  }
}

async function exitCode(
  inspect: () => Promise<Readonly<Record<string, unknown>>>,
  clock: Clock,
): Promise<number> {
  for (let tries = 0; tries < EXIT_CODE_TRIES; tries++) {
    const state = await inspect();
    if (state["Running"] !== true) return asNumber(state["ExitCode"]);
    await sleep(clock, EXIT_CODE_PAUSE_MS);
  }
  return 0; // it closed its output and runs on: nothing more will come
}

async function killExec(
  state: Readonly<Record<string, unknown>>,
  containerId: string,
): Promise<void> {
  const pid = asNumber(state["Pid"]);
  if (state["Running"] !== true || pid <= 1) return;
  try {
    const cgroups = await Deno.readTextFile(`/proc/${pid}/cgroup`);
    if (cgroups.includes(containerId)) Deno.kill(pid, "SIGKILL");
  } catch {
    return; // it ended by itself, which is what was wanted
  }
}

function writeInput(socket: EngineStream, data: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    // A command that ended does not read: what is left is dropped, as a closed pipe would.
    socket.write(data, () => resolve());
  });
}

function endInput(socket: EngineStream): Promise<void> {
  return new Promise((resolve) => socket.end(resolve));
}
