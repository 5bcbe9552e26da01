/**
 * The profiles as their reader sees them: `go tool pprof` against the running endpoint.
 *
 * Needs Go; without it the test is skipped and says so in its name.
 */
import assert from "node:assert/strict";
import { realClock, silentLog } from "../../src/lib/mod.ts";
import { MetricsRegistry, startHttp } from "../../src/telemetry/mod.ts";

const hasGo = await new Deno.Command("go", { args: ["version"] }).output()
  .then((done) => done.success, () => false);

async function pprofTop(url: string): Promise<string> {
  const home = await Deno.makeTempDir();
  try {
    const { code, stdout, stderr } = await new Deno.Command("go", {
      args: ["tool", "pprof", "-top", url],
      env: { PPROF_TMPDIR: home, HOME: home, GOFLAGS: "", GO111MODULE: "off" },
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

const kept: string[][] = [];
function keepSomeMemory(): void {
  for (let i = 0; i < 50_000; i++) kept.push([`${i}`, `${i + 1}`]);
}

function burnSomeCpu(): number {
  let sum = 0;
  for (const end = performance.now() + 20; performance.now() < end;) sum += Math.sqrt(sum + 1);
  return sum;
}

Deno.test({
  name: `go tool pprof reads cpu and heap profiles with function names${
    hasGo ? "" : " (skipped: no go)"
  }`,
  ignore: !hasGo,
  async fn() {
    await using http = await startHttp({
      address: "127.0.0.1:0",
      registry: new MetricsRegistry(),
      components: () => [],
      enablePprof: true,
      args: [],
      clock: realClock,
      log: silentLog,
    });
    keepSomeMemory();
    const burning = setInterval(burnSomeCpu, 40);
    const base = `http://${http.address}/debug/pprof`;
    const cpu = await pprofTop(`${base}/profile?seconds=2`);
    clearInterval(burning);
    assert.match(cpu, /Type: cpu/);
    assert.match(cpu, /burnSomeCpu/);
    const heap = await pprofTop(`${base}/heap`);
    assert.match(heap, /Type: inuse_space/);
    assert.match(heap, /keepSomeMemory/);
    const allocs = await pprofTop(`${base}/allocs?seconds=1`);
    assert.match(allocs, /Type: alloc_space/);
    assert.ok(kept.length > 0);
  },
});
