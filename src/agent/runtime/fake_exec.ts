/**
 * A command inside a fake container, in the language of `fake_program.ts`.
 *
 * A program without `exit` runs until it is told to end.
 */
import { BoundedQueue, type Clock, sleep } from "../../lib/mod.ts";
import { type FakeStep, parseFakeProgram } from "./fake_program.ts";
import type { ContainerSpec, ExecOptions, ExecSession } from "./runtime.ts";

type Piece = { readonly stream: "stdout" | "stderr"; readonly data: Uint8Array };

/** Starts the command; its output ends with it. */
export function fakeExec(spec: ContainerSpec, options: ExecOptions, clock: Clock): ExecSession {
  const input = new BoundedQueue<Uint8Array>(1_000);
  const exit = Promise.withResolvers<number>();
  options.signal.addEventListener("abort", () => input.close(), { once: true });
  if (!options.stdin) input.close();
  return {
    output: run(spec, options, clock, input, exit.resolve),
    exitCode: exit.promise,
    write: (data) => Promise.resolve(void input.push(data)),
    closeStdin: () => Promise.resolve(input.close()),
    resize: () => Promise.resolve(),
  };
}

async function* run(
  spec: ContainerSpec,
  options: ExecOptions,
  clock: Clock,
  input: AsyncIterable<Uint8Array>,
  end: (code: number) => void,
): AsyncGenerator<Piece> {
  const { steps } = parseFakeProgram(options.command);
  const env = { ...spec.env, ...options.env };
  try {
    for (const step of steps) {
      options.signal.throwIfAborted();
      if (step.kind === "exit") return end(step.code);
      if (step.kind === "sleep") await sleep(clock, step.delayMs, options.signal);
      if (step.kind === "copy") {
        for await (const data of input) yield { stream: "stdout", data };
      }
      const text = textOf(step, env);
      if (text) yield text;
    }
    await new Promise<void>((resolve) => {
      if (options.signal.aborted) return resolve();
      options.signal.addEventListener("abort", () => resolve(), { once: true });
    });
    end(137);
  } catch (error) {
    if (!options.signal.aborted) throw error;
    end(137);
  }
}

function textOf(step: FakeStep, env: Readonly<Record<string, string>>): Piece | undefined {
  if (step.kind !== "print" && step.kind !== "env") return undefined;
  const text = step.kind === "print" ? step.text : env[step.name] ?? "";
  const stream = step.kind === "print" ? step.stream : "stdout";
  return { stream, data: new TextEncoder().encode(`${text}\n`) };
}
