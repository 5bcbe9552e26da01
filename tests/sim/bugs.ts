/**
 * Bugs to plant in the core, each a small change of one place of its source.
 *
 * The production code carries no switches: `scripts/sim_mutants.ts` applies one change to a copy and lets
 * the simulator look for it. A test holds that every place is still there exactly once.
 */

import { type Bug } from "./bugs/bug.ts";
import { ELECTION_BUGS } from "./bugs/elections.ts";
import { REPLICATION_BUGS } from "./bugs/replication.ts";
import { OTHER_BUGS } from "./bugs/rest.ts";

/** Every bug. */
export const BUGS: readonly Bug[] = [...ELECTION_BUGS, ...REPLICATION_BUGS, ...OTHER_BUGS];

/** The core's source with `bug` in it. */
export function plant(bug: Bug, source: string): string {
  const parts = source.split(bug.find);
  if (parts.length !== 2) throw new Error(`"${bug.name}" has no place of its own in ${bug.file}`);
  return parts.join(bug.replace);
}
