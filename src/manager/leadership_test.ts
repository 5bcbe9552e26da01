/** How the parts of a leader come and go, however gains and losses follow each other. */
import assert from "node:assert/strict";
import { silentLog, WarrenError } from "../lib/mod.ts";
import { type LeaderPart, Leadership } from "./leadership.ts";

/** Two parts that write down what happens; a gate holds back what is starting or ending. */
function scene() {
  const told: string[] = [];
  const faults: string[] = [];
  const gates = new Map<string, PromiseWithResolvers<void>>();
  const failures = new Map<string, Error>();
  const pass = async (step: string) => {
    await gates.get(step)?.promise;
    const failure = failures.get(step);
    if (failure) throw failure;
    told.push(step);
  };
  const part = (name: string): LeaderPart => ({
    name,
    async start({ term }) {
      await pass(`+${name}${term}`);
      return { [Symbol.asyncDispose]: () => pass(`-${name}${term}`) };
    },
  });
  const leadership = new Leadership({
    parts: [part("a"), part("b")],
    log: silentLog,
    onFault: ({ message }) => void faults.push(message),
  });
  const hold = (step: string) => {
    const gate = Promise.withResolvers<void>();
    gates.set(step, gate);
    return () => gate.resolve();
  };
  return { told, faults, failures, leadership, hold };
}

async function someTurns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

Deno.test("Leadership starts its parts in order and ends them in reverse, time after time", async () => {
  const { told, leadership } = scene();
  for (const term of [3, 7]) {
    leadership.gain(term);
    await leadership.idle;
    assert.ok(leadership.isComplete);
    leadership.lose();
    await leadership.idle;
    assert.ok(!leadership.isComplete);
  }
  assert.deepEqual(told, ["+a3", "+b3", "-b3", "-a3", "+a7", "+b7", "-b7", "-a7"]);
  await leadership[Symbol.asyncDispose]();
});

Deno.test("Leadership that is lost while a part starts starts no other and ends what it has", async () => {
  const { told, leadership, hold } = scene();
  const go = hold("+a1");
  leadership.gain(1);
  await someTurns();
  leadership.lose();
  go();
  await leadership.idle;
  assert.deepEqual(told, ["+a1", "-a1"]);
  assert.equal(leadership.describe(), "term=- running=[]");
  await leadership[Symbol.asyncDispose]();
});

Deno.test("Leadership never runs the parts of two terms at a time", async () => {
  const { told, leadership, hold } = scene();
  leadership.gain(1);
  await leadership.idle;
  const go = hold("-b1");
  leadership.lose();
  leadership.gain(2);
  leadership.lose();
  leadership.gain(3);
  await someTurns();
  assert.deepEqual(told, ["+a1", "+b1"]);
  go();
  await leadership.idle;
  assert.deepEqual(told.slice(2), ["-b1", "-a1", "+a3", "+b3"], "the second term was over before");
  await leadership[Symbol.asyncDispose]();
  assert.deepEqual(told.slice(6), ["-b3", "-a3"]);
});

Deno.test("Leadership changes nothing when it is told the same again", async () => {
  const { told, leadership } = scene();
  leadership.lose();
  leadership.gain(1);
  leadership.gain(1);
  await leadership.idle;
  leadership.gain(1);
  await leadership.idle;
  assert.deepEqual(told, ["+a1", "+b1"]);
  await leadership[Symbol.asyncDispose]();
});

Deno.test("Leadership tells a starting part that it is in vain", async () => {
  const aborted = Promise.withResolvers<string>();
  const leadership = new Leadership({
    parts: [{
      name: "slow",
      start: ({ signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            aborted.resolve(signal.reason.reason);
            reject(signal.reason);
          });
        }),
    }],
    log: silentLog,
    onFault: () => assert.fail("a part that gives up is no fault"),
  });
  leadership.gain(1);
  await someTurns();
  leadership.lose();
  assert.equal(await aborted.promise, "NO_LEADER");
  await leadership[Symbol.asyncDispose]();
});

Deno.test("Leadership whose part cannot start ends the others, says so, and may be gained again", async () => {
  const { told, faults, failures, leadership } = scene();
  failures.set("+b1", new WarrenError("TOO_MANY", "no room"));
  leadership.gain(1);
  await leadership.idle;
  assert.deepEqual([told, faults], [["+a1", "-a1"], ["no room"]]);
  assert.ok(!leadership.isComplete);
  leadership.lose();
  leadership.gain(2);
  await leadership.idle;
  assert.ok(leadership.isComplete);
  await leadership[Symbol.asyncDispose]();
});

Deno.test("Leadership ends the parts below one that does not end well", async () => {
  const { told, failures, leadership } = scene();
  leadership.gain(1);
  await leadership.idle;
  failures.set("-b1", new Error("stuck"));
  leadership.lose();
  await leadership.idle;
  assert.deepEqual(told, ["+a1", "+b1", "-a1"]);
  await leadership[Symbol.asyncDispose]();
});

Deno.test("Leadership that was disposed is not gained again", async () => {
  const { told, leadership } = scene();
  await leadership[Symbol.asyncDispose]();
  leadership.gain(1);
  await leadership.idle;
  assert.deepEqual(told, []);
});
