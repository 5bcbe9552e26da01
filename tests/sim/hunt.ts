/**
 * Looks for a broken rule, seed by seed, and prints what it found as one line of JSON.
 *
 * Started by scripts/sim_mutants.ts in a copy of the sources that has a bug in it. Arguments: first seed,
 * last seed, virtual seconds a run, milliseconds at most.
 */
import { Marks } from "./marks.ts";
import { optionsOf, runOnce } from "./run.ts";

/** What a hunt came to. */
export interface Hunt {
  /** The seed that broke a rule, or null. */
  readonly seed: number | null;
  readonly rule: string;
  readonly message: string;
  /** The last seed that was run. */
  readonly last: number;
  /** Marks that no run met: what the bug made impossible. */
  readonly missing: readonly string[];
}

function hunt(from: number, to: number, seconds: number, limitMs: number): Hunt {
  const marks = new Marks();
  const deadline = performance.now() + limitMs;
  let last = from - 1;
  while (last < to && performance.now() < deadline) {
    last += 1;
    const { failure, marks: met } = runOnce(optionsOf(last, seconds));
    marks.add(met);
    if (failure) {
      const [message = ""] = failure.message.split("\n");
      return { seed: last, rule: failure.rule, message, last, missing: [] };
    }
  }
  return { seed: null, rule: "", message: "", last, missing: marks.missing };
}

if (import.meta.main) {
  const [from = 1, to = 1, seconds = 60, limitMs = 60_000] = Deno.args.map(Number);
  const text = JSON.stringify(hunt(from, to, seconds, limitMs));
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}
