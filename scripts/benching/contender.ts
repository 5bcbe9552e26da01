/** Who takes part in the measurement of consensus: a group of three, whatever it is made of. */
import type { LevelFigures } from "./closed_loop.ts";

/** Who is measured. */
export interface Contender extends AsyncDisposable {
  readonly name: string;
  readonly pids: readonly number[];
  /** Syncs of all members so far. */
  syncs(): Promise<number>;
  level(callers: number): Promise<LevelFigures>;
}
