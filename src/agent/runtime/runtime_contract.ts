/**
 * What every runtime must do: one suite, run by the fake, Docker and host processes.
 *
 * Called by their test files with a way to open a runtime. A feature that a runtime cannot have is
 * named in its harness and tested as being absent nowhere else. Tests wait on events and conditions,
 * never on time alone.
 */
import assert from "node:assert/strict";
import { type Reason, WarrenError } from "../../lib/mod.ts";
import type { ContractCommands } from "./contract_commands.ts";
import type {
  ContainerSpec,
  ContainerState,
  ExecOptions,
  LogLine,
  Runtime,
  RuntimeEvent,
} from "./runtime.ts";

/** What a runtime may lack. */
export type ContractFeature =
  | "images"
  | "memory-limits"
  | "limit-updates"
  | "bound-ports"
  | "volumes"
  | "binds"
  | "tty";

/** One runtime under test; disposing it removes whatever the test made. */
export interface ContractHarness extends AsyncDisposable {
  readonly runtime: Runtime;
  readonly commands: ContractCommands;
  /** An image that is present, or "". */
  readonly image: string;
  /** An image that no registry has, whose pull fails quickly. */
  readonly absentImage: string;
  /** Labels that only this test run uses. */
  readonly labels: Readonly<Record<string, string>>;
  readonly lacks: ReadonlySet<ContractFeature>;
}

type Body = (t: Scene) => Promise<void>;

/** What a test has at hand. */
interface Scene extends ContractHarness {
  readonly signal: AbortSignal;
  spec(command: readonly string[], extra?: Partial<ContainerSpec>): ContainerSpec;
  /** Creates and starts. */
  run(command: readonly string[], extra?: Partial<ContainerSpec>): Promise<string>;
  exited(containerId: string): Promise<ContainerState>;
  logs(containerId: string, tail?: number): Promise<LogLine[]>;
}

/** Registers the suite; `open` is called once per test. */
export function testRuntimeContract(
  name: string,
  open: () => Promise<ContractHarness>,
  options: { readonly ignore?: boolean } = {},
): void {
  const test = (sentence: string, body: Body, needs?: ContractFeature) =>
    Deno.test({
      name: `${name} runtime ${sentence}`,
      ignore: options.ignore ?? false,
      fn: async () => {
        await using harness = await open();
        if (needs && harness.lacks.has(needs)) return;
        const abort = new AbortController();
        try {
          await body(scene(harness, abort.signal));
        } finally {
          abort.abort();
        }
      },
    });
  lifecycle(test);
  failures(test);
  output(test);
  resources(test);
  commandsInside(test);
}

type Test = (sentence: string, body: Body, needs?: ContractFeature) => void;

function lifecycle(test: Test): void {
  test("says what it and its machine are", async (t) => {
    const info = await t.runtime.info(t.signal);
    assert.notEqual(info.engine, "");
    assert.match(info.os, /^(linux|darwin)$/);
    assert.match(info.arch, /^(amd64|arm64)$/);
    assert.ok(info.resources.milliCpus >= 1_000 || info.resources.milliCpus > 0);
    assert.ok(info.resources.memoryBytes > 0);
  });

  test("creates, starts, stops and removes a container", async (t) => {
    const spec = t.spec(t.commands.run);
    const id = await t.runtime.create(spec, t.signal);
    const created = await t.runtime.inspect(id, t.signal);
    assert.equal(created?.status, "created");
    assert.equal(created?.name, spec.name);
    await t.runtime.start(id, t.signal);
    const running = await t.runtime.inspect(id, t.signal);
    assert.equal(running?.status, "running");
    assert.equal(running?.exitCode, null);
    assert.ok((running?.startedMs ?? 0) > 0);
    assert.notEqual(running?.address, "");
    await t.runtime.stop(id, { timeoutMs: 10_000, stopSignal: "", signal: t.signal });
    const stopped = await t.runtime.inspect(id, t.signal);
    assert.equal(stopped?.status, "exited");
    assert.equal(stopped?.exitCode, 0);
    assert.ok((stopped?.finishedMs ?? 0) >= (stopped?.startedMs ?? 1));
    await t.runtime.remove(id, t.signal);
    assert.equal(await t.runtime.inspect(id, t.signal), undefined);
  });

  test("may be told everything twice", async (t) => {
    const spec = t.spec(t.commands.run);
    const id = await t.runtime.create(spec, t.signal);
    assert.equal(await t.runtime.create(spec, t.signal), id);
    await t.runtime.start(id, t.signal);
    await t.runtime.start(id, t.signal);
    const stop = { timeoutMs: 10_000, stopSignal: "", signal: t.signal };
    await t.runtime.stop(id, stop);
    await t.runtime.stop(id, stop);
    await t.runtime.remove(id, t.signal);
    await t.runtime.remove(id, t.signal);
    await t.runtime.stop(id, stop);
  });

  test("makes a new container of a name whose container was removed", async (t) => {
    const spec = t.spec(t.commands.run);
    const first = await t.runtime.create(spec, t.signal);
    await t.runtime.remove(first, t.signal);
    const second = await t.runtime.create(spec, t.signal);
    assert.notEqual(second, first);
  });

  test("removes a container that runs", async (t) => {
    const id = await t.run(t.commands.ignoreStop);
    await t.runtime.remove(id, t.signal);
    assert.equal(await t.runtime.inspect(id, t.signal), undefined);
  });

  test("kills a container that ignores its stop signal", async (t) => {
    const id = await t.run(t.commands.ignoreStop);
    await settled(t, id);
    await t.runtime.stop(id, { timeoutMs: 200, stopSignal: "", signal: t.signal });
    assert.equal((await t.runtime.inspect(id, t.signal))?.exitCode, 137);
  });

  test("sends the stop signal that it is told", async (t) => {
    const id = await t.run(t.commands.stopOnUsr1);
    await settled(t, id);
    await t.runtime.stop(id, { timeoutMs: 10_000, stopSignal: "SIGUSR1", signal: t.signal });
    assert.equal((await t.runtime.inspect(id, t.signal))?.exitCode, 7);
  });

  test("lists the containers that have all of the labels", async (t) => {
    const one = await t.run(t.commands.run);
    const two = await t.runtime.create(
      t.spec(t.commands.run, { labels: { ...t.labels, extra: "two" } }),
      t.signal,
    );
    const all = await t.runtime.list(t.labels, t.signal);
    assert.deepEqual(new Set(all.map((state) => state.id)), new Set([one, two]));
    const some = await t.runtime.list({ ...t.labels, extra: "two" }, t.signal);
    assert.deepEqual(some.map((state) => [state.id, state.status]), [[two, "created"]]);
    assert.deepEqual(await t.runtime.list({ ...t.labels, extra: "none" }, t.signal), []);
  });

  test("tells starts, exits and removals as events", async (t) => {
    const abort = new AbortController();
    const seen: RuntimeEvent[] = [];
    const following = follow(t.runtime.events(t.labels, abort.signal), seen);
    const warmUp = await awaitFirstEvent(t, seen);
    const id = await t.run(t.commands.exitWith(0));
    await until(() => has(seen, id, "exited"));
    assert.ok(has(seen, id, "started"));
    await t.runtime.remove(id, t.signal);
    await until(() => has(seen, id, "removed"));
    assert.ok(
      seen.every((event) => event.containerId === id || warmUp.includes(event.containerId)),
    );
    abort.abort();
    await following;
  });

  test("does not find what was never there", async (t) => {
    assert.equal(await t.runtime.inspect("nosuchcontainer0", t.signal), undefined);
    await t.runtime.remove("nosuchcontainer0", t.signal);
    assert.equal(await t.runtime.stats("nosuchcontainer0", t.signal), undefined);
  });
}

function failures(test: Test): void {
  test("reports exit codes", async (t) => {
    const codes = [0, 3, 255];
    const ids = await Promise.all(codes.map((code) => t.run(t.commands.exitWith(code))));
    const states = await Promise.all(ids.map((id) => t.exited(id)));
    assert.deepEqual(states.map((state) => state.exitCode), codes);
  });

  test("refuses to start a command that is not there", async (t) => {
    const id = await t.runtime.create(t.spec(t.commands.missing), t.signal);
    const error = await refusal(t.runtime.start(id, t.signal), "COMMAND_FAILED");
    assert.match(error.message, /no such|not found/i);
  });

  test("says when a host port is in use, and by whom", async (t) => {
    const ports = [port(await freePort())];
    await t.run(t.commands.run, { ports });
    const second = await t.runtime.create(t.spec(t.commands.run, { ports }), t.signal);
    const error = await refusal(t.runtime.start(second, t.signal), "PORT_IN_USE");
    assert.match(error.message, new RegExp(`Port ${ports[0]?.hostPort} .* in use by `));
  }, "bound-ports");

  test("chooses a host port when none is given", async (t) => {
    const id = await t.run(t.commands.run, { ports: [port(0)] });
    const bound = (await t.runtime.inspect(id, t.signal))?.ports ?? [];
    assert.equal(bound.length, 1);
    assert.equal(bound[0]?.containerPort, 80);
    assert.ok((bound[0]?.hostPort ?? 0) > 1_024);
  }, "bound-ports");

  test("reports that a container went over its memory limit", async (t) => {
    const limits = { milliCpus: 0, memoryBytes: 32 * 2 ** 20 };
    const state = await t.exited(await t.run(t.commands.eatMemory, { limits }));
    assert.equal(state.exitCode, 137);
    assert.equal(state.oomKilled, true);
  }, "memory-limits");

  test("finds an image that is present without a registry", async (t) => {
    const id = await t.runtime.ensureImage(t.image, { signal: t.signal });
    assert.notEqual(id, "");
  }, "images");

  test("says in plain words that an image cannot be pulled", async (t) => {
    const pull = t.runtime.ensureImage(t.absentImage, { signal: t.signal });
    const error = await pull.then(() => assert.fail("pulled"), (thrown) => thrown);
    assert.ok(error instanceof WarrenError);
    assert.match(error.reason, /^IMAGE_(NOT_FOUND|PULL_FAILED|PULL_DENIED)$/);
    assert.ok(error.message.includes(t.absentImage));
    const created = t.runtime.create(t.spec(t.commands.run, { image: t.absentImage }), t.signal);
    await refusal(created, "IMAGE_NOT_FOUND");
  }, "images");
}

function output(test: Test): void {
  test("keeps what a container printed, with stream and time", async (t) => {
    const beforeMs = Date.now() - 5_000;
    const id = await t.run(t.commands.print("first", "second"));
    await t.exited(id);
    const lines = await t.logs(id);
    assert.deepEqual(printed(lines), ["stdout first", "stderr second"]);
    assert.ok(lines.every((line) => line.timeMs > beforeMs && line.timeMs < Date.now() + 5_000));
    assert.deepEqual(printed(await t.logs(id, 1)), ["stderr second"]);
    assert.deepEqual(printed(await t.logs(id, 0)), []);
    const last = lines.at(-1)?.timeMs ?? 0;
    const after = t.runtime.logs(id, { follow: false, sinceMs: last, signal: t.signal });
    assert.deepEqual(await Array.fromAsync(after), []);
  });

  test("follows output until the container ends", async (t) => {
    const id = await t.run(t.commands.printAndRun("hello"));
    const lines: LogLine[] = [];
    const options = { follow: true, sinceMs: 0, signal: t.signal };
    const following = follow(t.runtime.logs(id, options), lines);
    await until(() => lines.length > 0);
    await t.runtime.stop(id, { timeoutMs: 2_000, stopSignal: "", signal: t.signal });
    await following;
    assert.deepEqual(printed(lines), ["stdout hello"]);
  });

  test("stops following output when told to", async (t) => {
    const id = await t.run(t.commands.printAndRun("hello"));
    const abort = new AbortController();
    const lines: LogLine[] = [];
    const options = { follow: true, sinceMs: 0, signal: abort.signal };
    const following = follow(t.runtime.logs(id, options), lines);
    await until(() => lines.length > 0);
    abort.abort();
    await following;
  });

  test("gives a container its environment", async (t) => {
    const id = await t.run(t.commands.printEnv("GREETING"), { env: { GREETING: 'a = b "c"' } });
    await t.exited(id);
    assert.deepEqual(printed(await t.logs(id)), ['stdout a = b "c"']);
  });
}

function resources(test: Test): void {
  test("measures a running container", async (t) => {
    const limits = { milliCpus: 500, memoryBytes: 64 * 2 ** 20 };
    const id = await t.run(t.commands.run, { limits });
    const stats = await t.runtime.stats(id, t.signal);
    assert.ok(stats && stats.cpuSeconds >= 0 && stats.memoryBytes >= 0);
    if (!t.lacks.has("memory-limits")) assert.equal(stats.memoryLimitBytes, limits.memoryBytes);
  });

  test("changes and lifts the limits of a running container", async (t) => {
    const first = { milliCpus: 500, memoryBytes: 64 * 2 ** 20 };
    const id = await t.run(t.commands.run, { limits: first });
    await t.runtime.update(id, { milliCpus: 250, memoryBytes: 128 * 2 ** 20 }, t.signal);
    assert.equal((await t.runtime.stats(id, t.signal))?.memoryLimitBytes, 128 * 2 ** 20);
    await t.runtime.update(id, { milliCpus: 0, memoryBytes: 0 }, t.signal);
    assert.equal((await t.runtime.stats(id, t.signal))?.memoryLimitBytes, 0);
    assert.equal((await t.runtime.inspect(id, t.signal))?.status, "running");
  }, "limit-updates");

  test("keeps a volume between two containers", async (t) => {
    const volume = `warren-contract-${crypto.randomUUID()}`;
    const made = { name: volume, driver: "local", options: {} };
    await t.runtime.ensureVolume(made, t.signal);
    await t.runtime.ensureVolume(made, t.signal);
    const volumes = [{ volume, target: "/data", readOnly: false }];
    const write = ["/bin/sh", "-c", "echo kept > /data/file"];
    assert.equal((await t.exited(await t.run(write, { volumes }))).exitCode, 0);
    const reader = await t.run(t.commands.printFile("/data/file"), { volumes });
    await t.exited(reader);
    assert.deepEqual(printed(await t.logs(reader)), ["stdout kept"]);
  }, "volumes");

  test("shows a file of the host inside", async (t) => {
    const source = await Deno.makeTempFile();
    await Deno.writeTextFile(source, "from the host\n");
    const binds = [{ source, target: "/run/secrets/note", readOnly: true }];
    const id = await t.run(t.commands.printFile("/run/secrets/note"), { binds });
    await t.exited(id);
    assert.deepEqual(printed(await t.logs(id)), ["stdout from the host"]);
    await Deno.remove(source);
  }, "binds");
}

function commandsInside(test: Test): void {
  test("runs a command inside and reports its output and exit code", async (t) => {
    const id = await t.run(t.commands.run);
    const session = await t.runtime.exec(id, exec(t, t.commands.print("out", "err")));
    const pieces = await Array.fromAsync(session.output);
    assert.equal(streamText(pieces, "stdout"), "out\n");
    assert.equal(streamText(pieces, "stderr"), "err\n");
    assert.equal(await session.exitCode, 0);
    const failing = await t.runtime.exec(id, exec(t, t.commands.exitWith(5)));
    await Array.fromAsync(failing.output);
    assert.equal(await failing.exitCode, 5);
  });

  test("feeds a command's input", async (t) => {
    const id = await t.run(t.commands.run);
    const session = await t.runtime.exec(id, { ...exec(t, t.commands.copy), stdin: true });
    await session.write(new TextEncoder().encode("to and fro\n"));
    await session.closeStdin();
    assert.equal(streamText(await Array.fromAsync(session.output), "stdout"), "to and fro\n");
    assert.equal(await session.exitCode, 0);
  });

  test("gives a command a terminal of a given size", async (t) => {
    const id = await t.run(t.commands.run);
    const options = {
      ...exec(t, ["/bin/sh", "-c", "sleep 0.2; busybox stty size"]),
      tty: true,
      stdin: true,
    };
    const session = await t.runtime.exec(id, { ...options, columns: 80, rows: 24 });
    await session.resize(101, 33);
    assert.match(streamText(await Array.fromAsync(session.output), "stdout"), /33 101/);
    assert.equal(await session.exitCode, 0);
  }, "tty");

  test("ends a command inside when told to", async (t) => {
    const id = await t.run(t.commands.run);
    const abort = new AbortController();
    const session = await t.runtime.exec(id, { ...exec(t, t.commands.run), signal: abort.signal });
    const reading = Array.fromAsync(session.output);
    abort.abort();
    await reading;
    assert.notEqual(await session.exitCode, 0);
    assert.equal((await t.runtime.inspect(id, t.signal))?.status, "running");
  });
}

function scene(harness: ContractHarness, signal: AbortSignal): Scene {
  const { runtime } = harness;
  const spec: Scene["spec"] = (command, extra = {}) => ({
    name: `warren-contract-${crypto.randomUUID()}`,
    labels: harness.labels,
    image: harness.image,
    entrypoint: [],
    command,
    env: {},
    user: "",
    workdir: "",
    hostname: "",
    limits: { milliCpus: 0, memoryBytes: 0 },
    stopSignal: "",
    binds: [],
    volumes: [],
    ports: [],
    ...extra,
  });
  return {
    ...harness,
    [Symbol.asyncDispose]: () => Promise.resolve(),
    signal,
    spec,
    async run(command, extra) {
      const id = await runtime.create(spec(command, extra), signal);
      await runtime.start(id, signal);
      return id;
    },
    async exited(containerId) {
      let state: ContainerState | undefined;
      await until(async () => {
        state = await runtime.inspect(containerId, signal);
        return state?.status === "exited";
      });
      assert.ok(state);
      return state;
    },
    logs: (containerId, tail) =>
      Array.fromAsync(runtime.logs(containerId, { follow: false, tail, sinceMs: 0, signal })),
  };
}

function exec(t: Scene, command: readonly string[]): ExecOptions {
  return {
    command,
    tty: false,
    stdin: false,
    env: {},
    user: "",
    workdir: "",
    columns: 0,
    rows: 0,
    signal: t.signal,
  };
}

function port(hostPort: number) {
  return { name: "", containerPort: 80, hostPort, protocol: "tcp", publishMode: "host" } as const;
}

function freePort(): number {
  using listener = Deno.listen({ port: 0 });
  return listener.addr.port;
}

async function follow<T>(items: AsyncIterable<T>, into: T[]): Promise<void> {
  for await (const item of items) into.push(item);
}

/** A feed may take a moment to begin; returns the containers that were made to see that it did. */
async function awaitFirstEvent(t: Scene, seen: readonly RuntimeEvent[]): Promise<string[]> {
  const made: string[] = [];
  await until(async () => {
    if (seen.length > 0) return true;
    made.push(await t.run(t.commands.exitWith(0)));
    await pause(50);
    return seen.length > 0;
  });
  return made;
}

function has(seen: readonly RuntimeEvent[], id: string, kind: RuntimeEvent["kind"]): boolean {
  return seen.some((event) => event.containerId === id && event.kind === kind);
}

/** Gives a shell the time to set its traps: the container says nothing when it has. */
async function settled(t: Scene, containerId: string): Promise<void> {
  const startedMs = Date.now();
  await until(() => Date.now() - startedMs > (t.runtime.kind === "fake" ? 0 : 250));
  assert.equal((await t.runtime.inspect(containerId, t.signal))?.status, "running");
}

async function refusal(work: Promise<unknown>, reason: Reason): Promise<WarrenError> {
  const error = await work.then(() => assert.fail("was not refused"), (thrown) => thrown);
  assert.ok(error instanceof WarrenError, String(error));
  assert.equal(error.reason, reason, error.message);
  return error;
}

function printed(lines: readonly LogLine[]): string[] {
  return lines.map(({ stream, line }) => `${stream} ${new TextDecoder().decode(line)}`);
}

function streamText(
  pieces: readonly { readonly stream: string; readonly data: Uint8Array }[],
  stream: string,
): string {
  const of = pieces.filter((piece) => piece.stream === stream);
  return of.map((piece) => new TextDecoder().decode(piece.data)).join("");
}

/** Waits for a condition, at most 20 s. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const startedMs = Date.now();
  while (!(await condition())) {
    assert.ok(Date.now() - startedMs < 20_000, "the condition did not come true within 20 s");
    await pause(10);
  }
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
