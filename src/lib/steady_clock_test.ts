import assert from "node:assert/strict";
import { type MonoMs, monoMs, type WallMs, wallMs } from "./brand.ts";
import { SteadyClock } from "./steady_clock.ts";

/** A machine whose two times are set by hand. */
class Machine {
  wall = 1_000;
  mono = 0;
  wallNow = (): WallMs => wallMs(this.wall);
  monoNow = (): MonoMs => monoMs(this.mono);
  after = () => () => {};
  pass(ms: number): void {
    this.wall += ms;
    this.mono += ms;
  }
}

Deno.test("SteadyClock goes on at the monotonic pace when the clock is set back", () => {
  const machine = new Machine();
  const clock = new SteadyClock(machine);
  machine.pass(500);
  assert.equal(clock.wallNow(), 1_500);
  machine.wall -= 1_400;
  assert.equal(clock.wallNow(), 1_500);
  machine.pass(100.7);
  assert.equal(clock.wallNow(), 1_600);
});

Deno.test("SteadyClock follows a clock that is set forward, and again when it catches up", () => {
  const machine = new Machine();
  const clock = new SteadyClock(machine);
  machine.wall += 10_000;
  assert.equal(clock.wallNow(), 11_000);
  machine.wall -= 10_000;
  machine.pass(1);
  assert.equal(clock.wallNow(), 11_001);
  machine.wall = 20_000;
  assert.equal(clock.wallNow(), 20_000);
});

Deno.test("SteadyClock goes on from a later time that was recorded elsewhere", () => {
  const machine = new Machine();
  const clock = new SteadyClock(machine);
  clock.raiseTo(wallMs(5_000));
  clock.raiseTo(wallMs(2_000));
  machine.pass(10);
  assert.equal(clock.wallNow(), 5_010);
});
