/**
 * Three managers of the built executable under load: the leader is killed, paused and stopped, and
 * each manager replaced, a few times each. `scripts/chaos` does the same, and worse, for longer.
 *
 * `WARREN_SEED` repeats the choices of a run.
 */
import assert from "node:assert/strict";
import type { Fault } from "../../scripts/chaosing/fault.ts";
import { KILLS } from "../../scripts/chaosing/faults/kills.ts";
import { PAUSES } from "../../scripts/chaosing/faults/pauses.ts";
import { ROLLING } from "../../scripts/chaosing/faults/rolling.ts";
import { STOPS } from "../../scripts/chaosing/faults/stops.ts";
import { tryFault } from "../../scripts/chaosing/trial.ts";

const SEED = Number(Deno.env.get("WARREN_SEED") ?? Date.now() % 100_000);

/** Generous, since other tests may keep the machine busy: how fast it is, scripts/chaos measures. */
const MAX_GAP_MS = 10_000;

/** Tries a fault a few times, for its rules. */
async function hold(fault: Fault, count: number): Promise<void> {
  const { failed } = fault.bounds;
  const bounded = { ...fault, bounds: { maxMs: MAX_GAP_MS, failed } };
  const verdict = await tryFault(bounded, { count, seed: SEED, flags: [], say: () => {} });
  const told = [`seed ${SEED}`, ...verdict.broken, ...verdict.notes].join("\n");
  assert.deepEqual(verdict.broken, [], told);
  assert.ok(verdict.writes > 50 && verdict.reads > 50, `too little was asked: ${told}`);
}

Deno.test("Managers lose nothing acknowledged when their leader is killed", async () => {
  await hold(KILLS, 3);
});

Deno.test("Managers lose nothing acknowledged when their leader falls silent", async () => {
  await hold(PAUSES, 2);
});

Deno.test("Managers fail no request when their leader is stopped in peace", async () => {
  await hold(STOPS, 2);
});

Deno.test("Managers can be replaced one after the other while clients go on", async () => {
  await hold(ROLLING, 3);
});
