import assert from "node:assert/strict";
import { Profile } from "pprof-format";
import { ManualClock, realClock } from "../../lib/mod.ts";
import { BundleNames } from "./bundle_names.ts";
import { redactArgs } from "./cmdline.ts";
import { encodeCpuProfile, encodeHeapProfile } from "./encode.ts";
import { PprofEndpoints } from "./endpoints.ts";

const frame = (functionName: string, lineNumber = 4) => ({
  functionName,
  url: functionName === "(root)" ? "" : "file:///app/main.js",
  lineNumber,
  columnNumber: 0,
});

/** Each sample as `inner < outer: values`. */
function describe(encoded: Uint8Array): string[] {
  const profile = Profile.decode(encoded);
  const strings = profile.stringTable.strings;
  const names = new Map(profile.function.map((fn) => [fn.id, strings[Number(fn.name)]]));
  const locations = new Map(
    profile.location.map(({ id, line }) => [id, names.get(line[0]?.functionId ?? 0)]),
  );
  return profile.sample.map(({ locationId, value }) =>
    `${locationId.map((id) => locations.get(id)).join(" < ")}: ${value.join(" ")}`
  );
}

Deno.test("encodeCpuProfile gives stacks with weights in nanoseconds and leaves idle time out", () => {
  const encoded = encodeCpuProfile({
    nodes: [
      { id: 1, callFrame: frame("(root)"), children: [2, 4] },
      { id: 2, callFrame: frame("outer"), children: [3] },
      { id: 3, callFrame: frame("") },
      { id: 4, callFrame: frame("(idle)") },
    ],
    startTime: 0,
    endTime: 5000,
    samples: [3, 3, 4, 2],
    timeDeltas: [100, 1000, 1500, 900],
  }, { startMs: 1000, durationMs: 5, period: 1000 });
  assert.deepEqual(describe(encoded).sort(), [
    "(anonymous) main.js:5:1 < outer: 2 2500000",
    "outer: 1 1000000",
  ]);
});

Deno.test("encodeHeapProfile gives bytes and objects of each stack", () => {
  const head = {
    id: 1,
    callFrame: frame("(root)"),
    selfSize: 0,
    children: [{
      id: 2,
      callFrame: frame("keep"),
      selfSize: 100,
      children: [{ id: 3, callFrame: frame("inner", 9), selfSize: 50, children: [] }],
    }],
  };
  const samples = [{ nodeId: 2, size: 60 }, { nodeId: 2, size: 40 }, { nodeId: 3, size: 50 }];
  const meta = { startMs: 1000, durationMs: 5, period: 1000 };
  assert.deepEqual(describe(encodeHeapProfile({ head, samples }, "inuse", meta)), [
    "keep: 2 100",
    "inner < keep: 1 50",
  ]);
});

Deno.test("BundleNames finds the name that stands behind a function", () => {
  const text = 'function Pn(a){return a}o(Pn,"planTask");class X{Pn(){}}\n' +
    'function q(){function Pn(){}o(Pn,"inner");return Pn()}o(q,"outer");if(x){}e(Pn,"decoy");';
  const names = new BundleNames(text);
  const classy = new BundleNames('class a{static{o(this,"Feed")}#r(){}}');
  assert.equal(classy.find({ functionName: "#r", lineNumber: 0, columnNumber: 29 }), "Feed.#r");
  const find = (functionName: string, lineNumber: number, columnNumber: number) =>
    names.find({ functionName, lineNumber, columnNumber });
  assert.deepEqual(
    [
      find("Pn", 0, 11),
      find("q", 1, 10),
      find("Pn", 1, 24),
      find("readable", 0, 0),
      find("z", 9, 9),
    ],
    ["planTask", "outer", "inner", "readable", "z"],
  );
});

Deno.test("redactArgs hides what may be secret in both forms and keeps the rest", () => {
  assert.deepEqual(
    redactArgs([
      "join",
      "--token",
      "abc",
      "--token=abc",
      "--from-literal",
      "x",
      "-d",
      "WTKN-1-ab-cd",
    ]),
    ["join", "--token", "[redacted]", "--token=[redacted]", "--from-literal", "[redacted]", "-d"]
      .concat("[redacted]"),
  );
});

function open(pprof: PprofEndpoints, path: string): Response {
  return pprof.handle(path.split("?")[0] ?? "", new Request(`http://x/debug/pprof/${path}`));
}

async function get(pprof: PprofEndpoints, path: string) {
  const response = open(pprof, path);
  return { status: response.status, body: new Uint8Array(await response.arrayBuffer()) };
}

async function unzip(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function spinHere(untilMs: number): number {
  let sum = 0;
  while (performance.now() < untilMs) sum += Math.sqrt(sum + 1);
  return sum;
}

Deno.test("PprofEndpoints profiles the cpu by function name", async () => {
  const clock = new ManualClock();
  await using pprof = new PprofEndpoints({ clock, args: [] });
  await pprof.start();
  const answer = get(pprof, "profile?seconds=1");
  // The profile has begun once the inspector has answered, a few turns from now.
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 0));
  spinHere(performance.now() + 100);
  await clock.advance(1000);
  const { status, body } = await answer;
  assert.equal(status, 200);
  const stacks = describe(await unzip(body));
  assert.ok(stacks.some((line) => line.startsWith("spinHere <")), stacks.join("\n"));
});

Deno.test("PprofEndpoints takes one profile at a time and ends it when its reader leaves", async () => {
  await using pprof = new PprofEndpoints({ clock: realClock, args: [] });
  await pprof.start();
  const first = open(pprof, "profile?seconds=300");
  const second = await get(pprof, "allocs?seconds=1");
  assert.equal(second.status, 429);
  assert.match(new TextDecoder().decode(second.body), /a cpu profile is being taken/);
  await first.body?.cancel();
  while ((await get(pprof, "heap")).status === 429) {
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  assert.equal((await get(pprof, "heap")).status, 200);
});

Deno.test("PprofEndpoints ends a profile when the process stops", async () => {
  const pprof = new PprofEndpoints({ clock: realClock, args: [] });
  await pprof.start();
  const profile = get(pprof, "profile?seconds=300");
  await pprof[Symbol.asyncDispose]();
  await assert.rejects(profile);
  assert.equal((await get(pprof, "heap")).status, 503);
});

const kept: string[][] = [];
function keepMemory(): void {
  for (let i = 0; i < 20_000; i++) kept.push([`${i}`, `${i + 1}`]);
}

Deno.test("PprofEndpoints shows where memory came from", async () => {
  await using pprof = new PprofEndpoints({ clock: realClock, args: [] });
  await pprof.start();
  keepMemory();
  const { status, body } = await get(pprof, "heap");
  kept.length = 0;
  assert.equal(status, 200);
  const stacks = describe(await unzip(body));
  assert.ok(stacks.some((line) => line.startsWith("keepMemory <")), stacks.join("\n"));
});

Deno.test("PprofEndpoints bounds the seconds and says plainly what it does not have", async () => {
  await using pprof = new PprofEndpoints({ clock: realClock, args: ["--token", "abc"] });
  for (const seconds of ["0", "301", "-1", "1.5", "x", "", "99999999"]) {
    assert.equal((await get(pprof, `profile?seconds=${seconds}`)).status, 400, seconds);
  }
  for (const page of ["goroutine", "block", "mutex", "threadcreate", "symbol", "trace"]) {
    const { status, body } = await get(pprof, page);
    assert.deepEqual([status, /^Not available: /.test(new TextDecoder().decode(body))], [
      501,
      true,
    ]);
  }
  assert.equal((await get(pprof, "nope")).status, 404);
  const index = new TextDecoder().decode((await get(pprof, "")).body);
  assert.ok(["profile", "heap", "allocs", "goroutine"].every((page) => index.includes(page)));
  assert.equal(
    new TextDecoder().decode((await get(pprof, "cmdline")).body),
    "--token\0[redacted]\n",
  );
});
