/**
 * What trials showed, as tables for a terminal and for a document, and the record that the tables of
 * the document are made of.
 *
 * The record keeps the newest good run of each kind of fault under each profile, so that the document
 * can be brought up to date one kind at a time. Invariant: a run that broke a rule is never recorded.
 */
import { percentile, type Section } from "../benching/report.ts";
import type { Verdict } from "./trial.ts";

/** Where recorded runs are kept. */
export const RECORD = "scripts/chaos_record.json";

/** One run, as the tables show it. */
export interface Run {
  readonly fault: string;
  readonly profile: string;
  readonly cells: readonly string[];
  readonly further: readonly (readonly string[])[];
}

const SPREAD = ["p50 ms", "p90", "p99", "max"];
const COLUMNS = ["times", ...SPREAD, "writes", "reads", "failed", "peak MiB", "load before"];

/** `loadBefore` is the load average when the trial began. */
export function runOf(verdict: Verdict, profile: string, loadBefore: number): Run {
  const { fault, gapsMs, times, writes, reads, failed, peakMib } = verdict;
  return {
    fault: fault.name,
    profile,
    cells: [
      String(gapsMs.length),
      ...spread(gapsMs),
      ...[writes, reads, failed].map(String),
      peakMib.toFixed(0),
      loadBefore.toFixed(1),
    ],
    further: Array.from(times, ([what, found]) => [what, String(found.length), ...spread(found)]),
  };
}

function spread(values: readonly number[]): string[] {
  return [0.5, 0.9, 0.99, 1].map((share) => percentile(values, share).toFixed(0));
}

/** All faults of `runs` under the defaults; `titles` says what each is. */
export function faultTable(runs: readonly Run[], titles: ReadonlyMap<string, string>): Section {
  return {
    id: "chaos",
    title: "Faults, three managers under load: time without an accepted write",
    columns: ["fault", ...COLUMNS],
    rows: inOrder(runs, titles, "default").map(({ fault, cells }) => {
      return [`${fault}: ${titles.get(fault)}`, ...cells];
    }),
  };
}

/** Times of another kind: healing, restarts, catching up. */
export function furtherTable(runs: readonly Run[], titles: ReadonlyMap<string, string>): Section {
  return {
    id: "chaos-times",
    title: "Other times",
    columns: ["fault", "what", "times", ...SPREAD],
    rows: inOrder(runs, titles, "default").flatMap(({ fault, further }) => {
      return further.map((cells) => [fault, ...cells]);
    }),
  };
}

/** The leader killed and the leader silent, under each profile. */
export function profileTable(runs: readonly Run[], profiles: readonly string[]): Section {
  const faults = ["kills", "pauses", "partitions"];
  const found = faults.flatMap((fault) =>
    profiles.flatMap((profile) =>
      runs.filter((run) => run.fault === fault && run.profile === profile)
    )
  );
  return {
    id: "failover",
    title: "Failover by profile",
    columns: ["fault", "profile", ...COLUMNS],
    rows: found.map(({ fault, profile, cells }) => [fault, profile, ...cells]),
  };
}

function inOrder(
  runs: readonly Run[],
  titles: ReadonlyMap<string, string>,
  profile: string,
): readonly Run[] {
  return [...titles.keys()].flatMap((fault) =>
    runs.filter((run) => run.fault === fault && run.profile === profile)
  );
}

/** The recorded runs. */
export async function readRecord(): Promise<readonly Run[]> {
  return JSON.parse(await Deno.readTextFile(RECORD)) as readonly Run[];
}

/** Puts `fresh` in the place of earlier runs of the same kind and profile. Answers with all. */
export async function record(fresh: readonly Run[]): Promise<readonly Run[]> {
  const isFresh = ({ fault, profile }: Run) =>
    fresh.some((run) => run.fault === fault && run.profile === profile);
  const kept = (await readRecord()).filter((run) => !isFresh(run));
  const all = [...kept, ...fresh];
  await Deno.writeTextFile(RECORD, `${JSON.stringify(all, null, 2)}\n`);
  return all;
}
