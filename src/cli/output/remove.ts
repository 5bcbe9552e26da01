/**
 * Removal of several things by one command: each is tried, what is gone is printed, and faults are told
 * one after another; the last one decides the exit code.
 */
import { WarrenError } from "../../lib/mod.ts";
import type { CommandContext } from "../context.ts";
import { formatError } from "./error.ts";

/**
 * Runs `remove`, which answers with the id, for each of `refs`, then `finish` once, which may wait.
 *
 * @throws WarrenError the last fault
 */
export async function removeEach(
  context: CommandContext,
  refs: readonly string[],
  remove: (ref: string) => Promise<string>,
  finish: () => Promise<void> = () => Promise.resolve(),
): Promise<number> {
  const removed: { id: string; name: string }[] = [];
  const faults: WarrenError[] = [];
  for (const ref of new Set(refs)) {
    try {
      removed.push({ id: await remove(ref), name: ref });
    } catch (error) {
      const fault = WarrenError.from(error, `Cannot remove "${ref}"`);
      faults.push(fault);
      // Nothing after it would work either.
      if (fault.code === "UNAVAILABLE" || fault.code === "CANCELLED") break;
    }
  }
  await finish();
  const isData = context.form === "json" || context.form === "yaml";
  const isVain = removed.length === 0 && faults.length > 0;
  if (isData && !isVain) context.print(`${JSON.stringify(removed, null, 2)}\n`);
  else {
    const lines = removed.map(({ id, name }) => context.flags.isOn("quiet") ? id : name);
    context.print(lines.map((line) => `${line}\n`).join(""));
  }
  const last = faults.pop();
  if (last === undefined) return 0;
  const form = { isJson: context.form === "json", columns: null };
  for (const fault of faults) context.io.write("stderr", formatError(fault, form));
  throw last;
}
