/**
 * An agent that creates, starts, stops and removes containers as fast as it can, until it is killed.
 *
 * Run by the kill test with a data directory. Each line it prints is a fact that must still hold
 * after its death: `running ID PID` or `removed ID`.
 */
import { realClock, silentLog } from "../../../../lib/mod.ts";
import { ProcessRuntime } from "../../process.ts";

const [dataDir = ""] = Deno.args;
const runtime = await ProcessRuntime.open({ dataDir, clock: realClock, log: silentLog });
const signal = new AbortController().signal;

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

async function live(lane: number): Promise<void> {
  for (let turn = 0;; turn++) {
    const id = await runtime.create({
      name: `${Deno.pid}-${lane}-${turn}`,
      labels: {},
      image: "",
      entrypoint: [],
      command: ["/bin/sh", "-c", "sleep 1000 & sleep 1000"],
      env: {},
      user: "",
      workdir: "",
      hostname: "",
      limits: { milliCpus: 0, memoryBytes: 0 },
      stopSignal: "",
      binds: [],
      volumes: [{ volume: "data", target: "/data", readOnly: false }],
      ports: [],
    }, signal);
    await runtime.start(id, signal);
    if (turn % 3 === 0) {
      say(`running ${id} ${(await runtime.inspect(id, signal))?.pid}`);
      continue;
    }
    if (turn % 3 === 1) await runtime.stop(id, { timeoutMs: 2_000, stopSignal: "", signal });
    await runtime.remove(id, signal);
    say(`removed ${id}`);
  }
}

await Promise.all([live(0), live(1)]);
