import assert from "node:assert/strict";
import fc from "fast-check";
import { wallMs } from "../../../lib/mod.ts";
import type { ContainerState } from "../runtime.ts";
import { planCgroupBase } from "./cgroup.ts";
import { EventDiff } from "./events.ts";
import { containerOfPath, idPrefixOf } from "./layout.ts";
import { decodeRecords, encodeRecords, LineSplitter, MAX_LINE_BYTES } from "./log_format.ts";
import { parseLimits, tightest } from "./machine.ts";
import { parseStat } from "./proc_table.ts";
import { parseSignal } from "./signals.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);

Deno.test("LineSplitter gives the same lines however its input is cut", () => {
  const line = fc.uint8Array({ maxLength: 40 }).map((data) => data.map((b) => b === 10 ? 11 : b));
  fc.assert(fc.property(fc.array(line), fc.array(fc.nat(30)), (lines, cuts) => {
    const whole = new Uint8Array(lines.flatMap((data) => [...data, 10]));
    const splitter = new LineSplitter();
    const found: Uint8Array[] = [];
    let start = 0;
    for (const cut of cuts) {
      found.push(...splitter.push(whole.subarray(start, start + cut)));
      start = Math.min(whole.length, start + cut);
    }
    found.push(...splitter.push(whole.subarray(start)), ...splitter.end());
    assert.deepEqual(found.map((data) => [...data]), lines.map((data) => [...data]));
  }));
});

Deno.test("LineSplitter cuts endless lines and gives an unfinished end", () => {
  const splitter = new LineSplitter();
  const lines = splitter.push(new Uint8Array(2 * MAX_LINE_BYTES + 5).fill(65));
  assert.deepEqual(lines.map((line) => line.length), [MAX_LINE_BYTES, MAX_LINE_BYTES]);
  assert.deepEqual(splitter.end().map(text), ["AAAAA"]);
  assert.deepEqual(splitter.end(), []);
  assert.deepEqual(splitter.push(bytes("\n\na")).map(text), ["", ""]);
});

Deno.test("decodeRecords gives back what encodeRecords wrote, whatever the bytes", () => {
  const line = fc.uint8Array({ maxLength: 50 }).map((data) => data.map((b) => b === 10 ? 0 : b));
  fc.assert(fc.property(fc.array(line), fc.boolean(), fc.nat(2 ** 41), (lines, isOut, time) => {
    const stream = isOut ? "stdout" : "stderr";
    const encoded = encodeRecords(stream, wallMs(time), lines);
    const { lines: found, usedBytes } = decodeRecords(encoded);
    assert.equal(usedBytes, encoded.length);
    assert.deepEqual(
      found.map((record) => [record.stream, record.timeMs, [...record.line]]),
      lines.map((data) => [stream, time, [...data]]),
    );
  }));
});

Deno.test("decodeRecords keeps an unfinished record and skips a damaged one", () => {
  const { lines, usedBytes } = decodeRecords(bytes("garbage\n12 o ok\n13 e unfin"));
  assert.deepEqual(lines.map(({ line }) => text(line)), ["ok"]);
  assert.equal(usedBytes, "garbage\n12 o ok\n".length);
});

Deno.test("planCgroupBase goes below its own groups with version 1 and beside its own with version 2", () => {
  const v1 = "cgroup /cg/cpu cgroup rw,cpu,cpuacct 0 0\ncgroup /cg/memory cgroup rw,memory 0 0\n" +
    "cgroup2 /cg/unified cgroup2 rw 0 0\n";
  assert.deepEqual(planCgroupBase(v1, "4:memory:/a/b\n2:cpu,cpuacct:/\n0::/\n"), {
    version: 1,
    homes: ["/cg/memory/a/b", "/cg/cpu"],
    dirs: ["/cg/memory/a/b/warren", "/cg/cpu/warren"],
  });
  const v2 = "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n";
  assert.deepEqual(planCgroupBase(v2, "0::/system.slice/warren.service\n"), {
    version: 2,
    homes: ["/sys/fs/cgroup/system.slice/warren.service"],
    dirs: ["/sys/fs/cgroup/system.slice/warren-tasks"],
  });
  assert.deepEqual(planCgroupBase(v2, "0::/\n")?.dirs, ["/sys/fs/cgroup/warren-tasks"]);
  assert.equal(planCgroupBase("", ""), undefined);
});

Deno.test("parseStat reads a process whatever its name", () => {
  const fields = "S 1 7 9 0 -1 4194560 1 0 0 0 150 50 30 20 20 0 1 0 12345 1000000 25 " +
    "0 ".repeat(28);
  const row = parseStat(`42 (a) b (c)) ${fields}`, 4096);
  assert.deepEqual(row, {
    pid: 42,
    session: 9,
    isZombie: false,
    cpuSeconds: 2.5,
    residentBytes: 25 * 4096,
    startToken: "12345",
  });
  assert.equal(parseStat("", 4096), undefined);
  assert.equal(parseStat("1 (x) Z", 4096), undefined);
});

Deno.test("parseLimits reads both versions, and no limit as none", () => {
  const cases = [
    [{ "memory.max": "1048576\n", "cpu.max": "150000 100000\n" }, [1500, 1048576]],
    [{ "memory.max": "max\n", "cpu.max": "max 100000\n" }, [0, 0]],
    [{ "memory.limit_in_bytes": "4096", "cpu.cfs_quota_us": "-1", "cpu.cfs_period_us": "1" }, [
      0,
      4096,
    ]],
    [{ "cpu.cfs_quota_us": "50000", "cpu.cfs_period_us": "100000" }, [500, 0]],
    [{}, [0, 0]],
  ] as const;
  for (const [files, [milliCpus, memoryBytes]] of cases) {
    assert.deepEqual(parseLimits(files), { milliCpus, memoryBytes });
  }
  assert.deepEqual(
    tightest({ milliCpus: 4000, memoryBytes: 100 }, [
      { milliCpus: 0, memoryBytes: 50 },
      { milliCpus: 1500, memoryBytes: 9e18 },
    ]),
    { milliCpus: 1500, memoryBytes: 50 },
  );
});

const state = (change: Partial<ContainerState>): ContainerState => ({
  id: "a",
  name: "a",
  labels: {},
  status: "created",
  exitCode: null,
  oomKilled: false,
  error: "",
  startedMs: null,
  finishedMs: null,
  address: "",
  ports: [],
  pid: 0,
  ...change,
});
const ran = (at: number) => state({ status: "running", startedMs: wallMs(at) });
const ended = (at: number, change: Partial<ContainerState> = {}) =>
  state({ status: "exited", startedMs: wallMs(at), finishedMs: wallMs(at + 1), ...change });

Deno.test("EventDiff gives the events between two looks, also those that were not seen", () => {
  const cases: [string, (ContainerState | undefined)[], string][] = [
    ["a start", [state({}), ran(1)], "started"],
    ["a short life", [state({}), ended(1)], "started exited"],
    ["an end", [ran(1), ended(1)], "exited"],
    ["want of memory", [ran(1), ended(1, { oomKilled: true })], "oom exited"],
    ["a second run", [ran(1), ran(2)], "exited started"],
    ["a second short run", [ended(1), ended(3)], "started exited"],
    ["nothing new", [ended(1), ended(1)], ""],
    ["a failed start", [state({}), state({ status: "exited", finishedMs: wallMs(1) })], "exited"],
    ["a removal", [ran(1), undefined, undefined], "removed"],
    ["one that came and went", [undefined], ""],
  ];
  for (const [name, [first, ...rest], expected] of cases) {
    const diff = new EventDiff();
    diff.begin(first === undefined ? [] : [first]);
    const kinds = (first === undefined ? [undefined] : rest)
      .flatMap((next) => diff.next("a", next))
      .map(({ kind }) => kind);
    assert.equal(kinds.join(" "), expected, name);
  }
});

Deno.test("containerOfPath and idPrefixOf agree on what an id is", async () => {
  const prefix = await idPrefixOf("web.1");
  assert.match(prefix, /^[0-9a-f]{16}$/);
  const id = prefix + "0123456789abcdef";
  assert.equal(containerOfPath(`/x/process/${id}`), id);
  assert.equal(containerOfPath(`/x/process/state/${id}.exit.json`), id);
  assert.equal(containerOfPath(`/x/process/state/.draft-${id}`), undefined);
});

Deno.test("parseSignal takes names with and without SIG and refuses the rest", () => {
  assert.deepEqual(["", "term", "SIGINT", "Usr1"].map(parseSignal), [
    "SIGTERM",
    "SIGTERM",
    "SIGINT",
    "SIGUSR1",
  ]);
  for (const bad of ["9", "KILL9", "SIGRTMIN", "; rm"]) {
    assert.throws(() => parseSignal(bad), /it is unknown/);
  }
});
