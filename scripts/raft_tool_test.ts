import assert from "node:assert/strict";
import { denoFs } from "../src/manager/disk/deno_fs.ts";
import { MemberDisk } from "../src/manager/disk/member_disk.ts";
import { batch, entries, GROUP, metaOf } from "../src/manager/disk/testing/oracle.ts";
import { raftTool } from "./raft_tool.ts";

async function withLog(work: (dir: string) => void): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "warren-tool-" });
  try {
    const { disk } = MemberDisk.open(denoFs, { dir, memberId: "m1", segmentBytes: 40_960 });
    disk.write([batch({ snapshot: { index: 0, term: 0, membership: GROUP } })]);
    disk.write([batch({ hard: { term: 3, vote: "m1" }, entries: entries(1, 20, 3, 1_000) })]);
    const draft = disk.beginSnapshot(metaOf(12, 3));
    draft.write(new Uint8Array(100_000));
    draft.finish();
    disk.compact(12, 5);
    disk.write([batch({ truncateFrom: 20, entries: entries(20, 30, 4, 1_000) })]);
    disk.close();
    work(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function run(...args: string[]): { readonly code: number; readonly text: string } {
  const lines: string[] = [];
  const code = raftTool(args, (line) => lines.push(line));
  return { code, text: lines.join("\n") };
}

Deno.test("raft_tool shows term, snapshot, segments and entries, and changes nothing", () =>
  withLog((dir) => {
    const before = [...Deno.readDirSync(dir)].map(({ name }) =>
      `${name} ${Deno.statSync(`${dir}/${name}`).mtime}`
    );
    const { code, text } = run(dir, "--entries", "19-21");
    assert.equal(code, 0);
    for (
      const part of [
        "term        3, vote: m1",
        "snapshot    at 12 of term 3, voters a,b,c",
        "entries     1 to 30, the last of term 4",
        "truncate from 20",
        "snapshot 12/3",
        "  20/4  data, 1000 bytes",
        "seal",
      ]
    ) assert.ok(text.includes(part), `${part}\n${text}`);
    assert.equal(run(dir, "--verify").code, 0);
    const json = JSON.parse(run(dir, "--json").text);
    assert.equal(json.recovered.lastIndex, 30);
    const after = [...Deno.readDirSync(dir)].map(({ name }) =>
      `${name} ${Deno.statSync(`${dir}/${name}`).mtime}`
    );
    assert.deepEqual(after, before);
  }));

Deno.test("raft_tool --verify names file and byte of a fault, with exit code 1", () =>
  withLog((dir) => {
    const name = [...Deno.readDirSync(dir)].map((file) =>
      file.name
    ).filter((one) => one.endsWith(".log")).sort()[0];
    const file = Deno.openSync(`${dir}/${name}`, { write: true });
    file.seekSync(5_000, Deno.SeekMode.Start);
    file.writeSync(new Uint8Array([1, 2, 3]));
    file.close();
    const { code, text } = run(dir, "--verify");
    assert.equal(code, 1);
    assert.match(text, new RegExp(`Cannot read "${dir}/${name}" at byte \\d+: a frame is damaged`));
  }));

Deno.test("raft_tool explains its use", () => {
  assert.equal(run("--help").code, 0);
  assert.equal(run().code, 2);
  assert.equal(run("x", "--what").code, 2);
  assert.equal(run("x", "--entries", "many").code, 2);
});
