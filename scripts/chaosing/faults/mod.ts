/** Every kind of fault, in the order in which they are tried. */
import type { Fault } from "../fault.ts";
import { BIT_FLIPS } from "./bit_flips.ts";
import { CATCH_UP } from "./catch_up.ts";
import { CLOCK } from "./clock.ts";
import { DISK_FULL } from "./disk_full.ts";
import { KILLS } from "./kills.ts";
import { PARTITIONS } from "./partitions.ts";
import { PAUSES } from "./pauses.ts";
import { ROLLING } from "./rolling.ts";
import { SNAPSHOT_KILL } from "./snapshot_kill.ts";
import { STOPS } from "./stops.ts";

/** The kinds. */
export const FAULTS: readonly Fault[] = [
  KILLS,
  PAUSES,
  STOPS,
  PARTITIONS,
  DISK_FULL,
  BIT_FLIPS,
  SNAPSHOT_KILL,
  CLOCK,
  CATCH_UP,
  ROLLING,
];
