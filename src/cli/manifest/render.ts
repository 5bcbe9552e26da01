/**
 * A plan as people read it and as programs do. Pure.
 *
 * `+` create, `~` update in place, `±` replace the tasks, `-` delete, `=` unchanged. Data of secrets is not
 * in a plan, so it cannot be printed.
 */
import { readable } from "../output/field_diff.ts";
import type { Paint, Tone } from "../output/style.ts";
import { plain } from "../output/style.ts";
import type { FieldDiff, PlanManifestResponse, ResourceChange } from "../../client/wire/mod.ts";

const SIGNS: Readonly<Record<string, readonly [sign: string, tone: Tone | undefined]>> = {
  create: ["+", "good"],
  update: ["~", "busy"],
  replace: ["±", "busy"],
  delete: ["-", "bad"],
  unchanged: ["=", "quiet"],
};

/** The JSON of a plan. */
export function planJson(
  { changes, placements }: Pick<PlanManifestResponse, "changes" | "placements">,
): Readonly<Record<string, unknown>> {
  return {
    changes: changes.map(changeJson),
    placements: placements.map(({ service, slot, node, message }) => ({
      service,
      slot,
      node: node === "" ? null : node,
      message,
    })),
  };
}

/** One change for programs. */
export function changeJson(change: ResourceChange): Readonly<Record<string, unknown>> {
  const { kind, name, action, diff } = change;
  return {
    kind,
    name,
    action,
    diff: diff.map(({ path, before, after }) => ({
      path,
      before: before ?? null,
      after: after ?? null,
    })),
  };
}

/** Whether anything would be done. */
export function hasChanges(changes: readonly ResourceChange[]): boolean {
  return changes.some(({ action }) => action !== "unchanged");
}

/** The changes with their differences, then where tasks would go, then one line that counts. */
export function formatPlan(
  { changes, placements }: Pick<PlanManifestResponse, "changes" | "placements">,
  paint: Paint,
): string {
  const lines = changes.flatMap((change) => changeLines(change, paint));
  const unplaced = placements.filter(({ node }) => node === "");
  for (const { service, slot, message } of unplaced) {
    lines.push(plain(`! ${slot > 0 ? `${service}.${slot}` : service} has no node: ${message}`));
  }
  const placed = placements.filter(({ node }) => node !== "");
  for (const [service, nodes] of groupNodes(placed)) {
    lines.push(plain(`  ${service} would run on ${nodes}`));
  }
  return `${[...lines, countText(changes)].join("\n")}\n`;
}

/** One line for each change, without differences: what apply prints. */
export function formatApplied(changes: readonly ResourceChange[], paint: Paint): string {
  const done: Readonly<Record<string, string>> = {
    create: "created",
    update: "updated",
    replace: "updated",
    delete: "deleted",
    unchanged: "unchanged",
  };
  return changes.map(({ kind, name, action }) => {
    const [, tone] = SIGNS[action] ?? ["?", undefined];
    return `${kind}/${name} ${paint(done[action] ?? action, tone)}\n`;
  }).join("");
}

function changeLines(change: ResourceChange, paint: Paint): readonly string[] {
  const { kind, name, action, diff } = change;
  const [sign, tone] = SIGNS[action] ?? ["?", undefined];
  const note = action === "replace" ? " (new tasks)" : action === "unchanged" ? " unchanged" : "";
  const head = paint(plain(`${sign} ${kind} ${name}${note}`), tone);
  // What is created has no "before" but the defaults, which nobody asked about.
  const shown = action === "create" ? diff.map((field) => ({ ...field, before: undefined })) : diff;
  return [head, ...shown.map((field) => diffLine(field, paint))];
}

function diffLine(field: FieldDiff, paint: Paint): string {
  const { path, before, after } = readable(field);
  if (before === null) return `    ${path}: ${paint(after ?? "", "good")}`;
  if (after === null) return `    ${path}: ${paint(before, "bad")} -> none`;
  return `    ${path}: ${paint(before, "bad")} -> ${paint(after, "good")}`;
}

function groupNodes(
  placements: PlanManifestResponse["placements"],
): ReadonlyMap<string, string> {
  const counts = new Map<string, Map<string, number>>();
  for (const { service, node } of placements) {
    const nodes = counts.get(service) ?? new Map<string, number>();
    nodes.set(node, (nodes.get(node) ?? 0) + 1);
    counts.set(service, nodes);
  }
  const texts = [...counts].map(([service, nodes]): [string, string] => [
    service,
    [...nodes].map(([node, count]) => count > 1 ? `${node} (${count})` : node).join(", "),
  ]);
  return new Map(texts);
}

/** `1 to create, 2 to update, 1 unchanged`. */
export function countText(changes: readonly ResourceChange[]): string {
  if (!hasChanges(changes)) return "Nothing to change";
  const parts = Object.keys(SIGNS).flatMap((action) => {
    const count = changes.filter((change) => change.action === action).length;
    if (count === 0) return [];
    return [action === "unchanged" ? `${count} unchanged` : `${count} to ${action}`];
  });
  return parts.join(", ");
}
