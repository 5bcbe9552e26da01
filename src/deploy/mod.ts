/** Rollouts: how a new revision replaces the old one, step by step. Pure; used by the planner. */
export { planRolling } from "./rolling.ts";
export { emptySlot, isOccupied, isServing, type Slot, slotKey, slotsOf, worth } from "./slot.ts";
export {
  type Order,
  orderOf,
  type Rollback,
  type RolloutDecision,
  type StrategyInput,
} from "./strategy.ts";
