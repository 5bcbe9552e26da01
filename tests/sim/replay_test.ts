/**
 * Determinism: a seed is one run, word by word, and a core's outputs follow from its inputs and its seed.
 *
 * The second is held by recording everything that is done to every core of a run, and doing it again to
 * fresh cores: nothing outside (clock, randomness, the order of some table, another core) has a say.
 */
import assert from "node:assert/strict";
import { Prng } from "../../src/lib/mod.ts";
import { type CoreConfig, describeMessage, RaftCore, type Restored } from "../../src/raft/mod.ts";
import { optionsOf, runOnce } from "./run.ts";
import { World } from "./world.ts";

/** A core that remembers what was done to it and what came of it. */
class RecordedCore extends RaftCore {
  readonly calls: (readonly [redo: (core: RaftCore) => unknown, result: string])[] = [];

  #done<T>(redo: (core: RaftCore) => T, result: T): T {
    this.calls.push([redo, JSON.stringify(result) ?? ""]);
    return result;
  }

  override tick() {
    return this.#done((core) => core.tick(), super.tick());
  }
  override step(...args: Parameters<RaftCore["step"]>) {
    const copy = structuredClone(args);
    return this.#done((core) => core.step(...copy), super.step(...args));
  }
  override propose(...args: Parameters<RaftCore["propose"]>) {
    return this.#done((core) => core.propose(...args), super.propose(...args));
  }
  override changeMembership(...args: Parameters<RaftCore["changeMembership"]>) {
    return this.#done((core) => core.changeMembership(...args), super.changeMembership(...args));
  }
  override readIndex(id: number) {
    return this.#done((core) => core.readIndex(id), super.readIndex(id));
  }
  override transfer(to: string) {
    return this.#done((core) => core.transfer(to), super.transfer(to));
  }
  override report(...args: Parameters<RaftCore["report"]>) {
    return this.#done((core) => core.report(...args), super.report(...args));
  }
  override takeReady() {
    return this.#done((core) => core.takeReady(), super.takeReady());
  }
  override persisted(seq: number) {
    return this.#done((core) => core.persisted(seq), super.persisted(seq));
  }
  override applied(index: number) {
    return this.#done((core) => core.applied(index), super.applied(index));
  }
  override compact(index: number, keepFrom: number) {
    return this.#done((core) => core.compact(index, keepFrom), super.compact(index, keepFrom));
  }
}

interface Life {
  readonly core: RecordedCore;
  readonly begin: () => RaftCore;
}

Deno.test("every core of a run gives the same outputs again for the same inputs and seed", () => {
  for (const seed of [3, 20, 41]) {
    const lives: Life[] = [];
    const world = new World(
      optionsOf(seed, 40),
      (config: CoreConfig, from: Restored, n: number) => {
        const copy = structuredClone(from);
        const core = new RecordedCore(config, from, new Prng(n));
        lives.push({ core, begin: () => new RaftCore(config, copy, new Prng(n)) });
        return core;
      },
    );
    for (let tick = 0; tick < world.options.ticks; tick++) world.step();
    assert.ok(lives.length >= world.options.voters);
    for (const { core, begin } of lives) {
      const fresh = begin();
      for (const [redo, result] of core.calls) {
        assert.equal(JSON.stringify(redo(fresh)) ?? "", result);
      }
      assert.equal(fresh.describe(), core.describe());
    }
  }
});

Deno.test("a run of the same seed is the same run, word by word", () => {
  const trace = (seed: number) => {
    const world = new World(optionsOf(seed, 30));
    const words: string[] = [];
    const send = world.send.bind(world);
    world.send = (member, message) => {
      words.push(`${world.tick} ${describeMessage(message)}`);
      send(member, message);
    };
    for (let tick = 0; tick < world.options.ticks; tick++) world.step();
    return words;
  };
  for (const seed of [7, 102]) {
    assert.deepEqual(trace(seed), trace(seed));
    const [one, other] = [runOnce(optionsOf(seed, 60)), runOnce(optionsOf(seed, 60))];
    assert.equal(one.trace, other.trace);
    assert.equal(one.operations, other.operations);
  }
});

Deno.test("a run of another seed is another run", () => {
  const traces = [1, 2, 3, 4].map((seed) => runOnce(optionsOf(seed, 20)).trace);
  assert.equal(new Set(traces).size, traces.length);
});
