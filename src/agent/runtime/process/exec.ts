/**
 * Commands beside a running host process: same environment, directory, user and control group.
 *
 * Used by the runtime. A terminal is lent by the `script` program where there is one, because the
 * engine cannot open one itself; elsewhere the command runs without. Invariant: when the signal
 * aborts, the command and what it started are killed.
 */
import { WarrenError } from "../../../lib/mod.ts";
import type { ExecOptions, ExecSession } from "../runtime.ts";
import { joinCgroup } from "./cgroup.ts";
import { closeOnExec } from "./close_on_exec.ts";
import { type Launch, planLaunch } from "./launch.ts";
import type { Definition, RunRecord } from "./records.ts";
import { sendSignal } from "./signals.ts";
import { findTerminal, resizeTerminal, withTerminal } from "./terminal.ts";

type Output = { readonly stream: "stdout" | "stderr"; readonly data: Uint8Array };

/** Starts a command. @throws COMMAND_FAILED, INVALID_SPEC (the user) */
export async function startExec(
  definition: Definition,
  run: RunRecord,
  options: ExecOptions,
): Promise<ExecSession> {
  const plain = await planLaunch(definition, options);
  const launch = options.tty ? await withTerminal(plain, options) : plain;
  options.signal.throwIfAborted();
  const child = spawn(launch, options.stdin, plain.program);
  await joinCgroup(run.cgroupDirs, child.pid);
  const kill = () => void sendSignal(-child.pid, "SIGKILL");
  if (options.signal.aborted) kill();
  options.signal.addEventListener("abort", kill, { once: true });
  const input = options.stdin ? child.stdin.getWriter() : undefined;
  const closeInput = async () => {
    // Closing what the command itself has closed is what was wanted.
    await input?.close().catch(() => {});
  };
  return {
    output: merge([child.stdout, child.stderr], options.tty),
    exitCode: child.status.then(async ({ code }) => {
      options.signal.removeEventListener("abort", kill);
      await closeInput();
      return code;
    }),
    write: async (data) => {
      await input?.write(new Uint8Array(data));
    },
    closeStdin: closeInput,
    resize: async (columns, rows) => {
      const terminal = options.tty ? await findTerminal(child.pid) : undefined;
      if (terminal !== undefined) await resizeTerminal(terminal, columns, rows);
    },
  };
}

function spawn(launch: Launch, hasInput: boolean, name: string) {
  closeOnExec();
  try {
    return new Deno.Command(launch.program, {
      args: [...launch.args],
      cwd: launch.cwd,
      env: { ...launch.env },
      clearEnv: true,
      ...(launch.user !== undefined && { uid: launch.user.uid, gid: launch.user.gid }),
      detached: true,
      stdin: hasInput ? "piped" : "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound ? "not found" : String(error);
    throw new WarrenError("COMMAND_FAILED", `Cannot run "${name}": ${why}`, { cause: error });
  }
}

/** Both streams as they come, until both end; reads only as fast as the caller takes. */
async function* merge(
  [stdout, stderr]: readonly [ReadableStream<Uint8Array>, ReadableStream<Uint8Array>],
  isTerminal: boolean,
): AsyncGenerator<Output> {
  const sources = [
    { stream: "stdout" as const, reader: stdout.getReader() },
    { stream: isTerminal ? "stdout" as const : "stderr" as const, reader: stderr.getReader() },
  ];
  const read = async (source: typeof sources[number]) => ({
    source,
    ...await source.reader.read(),
  });
  const pending = new Map(sources.map((source) => [source, read(source)]));
  try {
    while (pending.size > 0) {
      const { source, done, value } = await Promise.race(pending.values());
      if (done) {
        pending.delete(source);
      } else {
        pending.set(source, read(source));
        yield { stream: source.stream, data: value };
      }
    }
  } finally {
    for (const { reader } of sources) await reader.cancel().catch(() => {});
  }
}
