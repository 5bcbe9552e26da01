/** Admits nodes that meet every constraint of the service. */
import {
  type Constraint,
  findNodeAttribute,
  formatConstraint,
  formatNodeAttribute,
  matchesConstraint,
  type Node,
} from "../../model/mod.ts";
import type { Filter } from "./filter.ts";

/** Refuses nodes at the first constraint that they do not meet. */
export const constraintsFilter: Filter = {
  name: "constraints",
  check({ request }, node) {
    const unmet = request.constraints.find((constraint) => !matchesConstraint(node, constraint));
    if (!unmet) return null;
    const common = `does not match ${formatConstraint(unmet)}`;
    return { message: `${common} (${found(unmet, node)})`, common, change: changeOf(unmet, node) };
  },
};

function found({ attribute }: Constraint, node: Node): string {
  const value = findNodeAttribute(node, attribute);
  const name = formatNodeAttribute(attribute);
  return value === undefined ? `${name} is not set` : `${name} is "${value}"`;
}

function changeOf({ attribute, operator, value }: Constraint, node: Node): string {
  const drop = `drop the constraint ${formatConstraint({ attribute, operator, value })}`;
  if (attribute.kind !== "label") return drop;
  return operator === "=="
    ? `warren node update ${node.name} --label ${attribute.key}=${value}`
    : `give ${node.name} another value for label ${attribute.key}, or ${drop}`;
}
