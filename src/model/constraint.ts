/**
 * Placement constraints and spread keys: `node.labels.zone==eu`, `node.arch!=arm64`.
 *
 * Read by validation, which reports what is malformed, and by the scheduler, which matches nodes.
 * `parseConstraint` and `formatConstraint` are inverse.
 */
import type { Node } from "./node.ts";

/** A property of a node that constraints and spread keys may name. */
export type NodeAttribute =
  | { readonly kind: "label"; readonly key: string }
  | { readonly kind: "field"; readonly field: NodeField };

/** Fields that `node.FIELD` may name. */
export type NodeField = "id" | "name" | "role" | "arch" | "os" | "hostname";

/** One condition on a node. */
export interface Constraint {
  readonly attribute: NodeAttribute;
  readonly operator: "==" | "!=";
  readonly value: string;
}

/** A parsed value, or what is wrong with the text. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string };

const FIELDS: readonly NodeField[] = ["id", "name", "role", "arch", "os", "hostname"];
const LABEL_KEY = /^[A-Za-z0-9_./-]{1,128}$/;
const MAX_VALUE_CHARS = 256;

/** Reads `node.labels.KEY` or `node.FIELD`, as spread keys and constraints have it. */
export function parseNodeAttribute(text: string): Parsed<NodeAttribute> {
  const label = /^node\.labels\.(.*)$/s.exec(text)?.[1];
  if (label !== undefined) {
    return LABEL_KEY.test(label)
      ? { ok: true, value: { kind: "label", key: label } }
      : { ok: false, message: `label key "${label}" is not made of letters, digits, _ . / -` };
  }
  const field = FIELDS.find((name) => text === `node.${name}`);
  if (field !== undefined) return { ok: true, value: { kind: "field", field } };
  const known = FIELDS.map((name) => `node.${name}`).join(", ");
  return { ok: false, message: `"${text}" is none of node.labels.KEY, ${known}` };
}

/** Reads one constraint; blanks around its parts are allowed. */
export function parseConstraint(text: string): Parsed<Constraint> {
  const match = /^([^=!]*)(==|!=)(.*)$/s.exec(text);
  if (!match) return { ok: false, message: `"${text}" has neither == nor !=` };
  const [, left = "", operator, right = ""] = match;
  const attribute = parseNodeAttribute(left.trim());
  if (!attribute.ok) return attribute;
  const value = right.trim();
  if (value === "") return { ok: false, message: `"${text}" has no value after ${operator}` };
  if (value.length > MAX_VALUE_CHARS || /[=\p{Cc}]/u.test(value)) {
    return { ok: false, message: `the value of "${left.trim()}" is too long or malformed` };
  }
  return {
    ok: true,
    value: { attribute: attribute.value, operator: operator === "==" ? "==" : "!=", value },
  };
}

/** `node.labels.zone`, `node.arch`. */
export function formatNodeAttribute(attribute: NodeAttribute): string {
  return attribute.kind === "label" ? `node.labels.${attribute.key}` : `node.${attribute.field}`;
}

/** `node.labels.zone==eu`. */
export function formatConstraint(constraint: Constraint): string {
  return `${formatNodeAttribute(constraint.attribute)}${constraint.operator}${constraint.value}`;
}

/** What `node` has for `attribute`; `undefined` for a label it does not carry. */
export function findNodeAttribute(node: Node, attribute: NodeAttribute): string | undefined {
  if (attribute.kind === "label") {
    return Object.hasOwn(node.labels, attribute.key) ? node.labels[attribute.key] : undefined;
  }
  switch (attribute.field) {
    case "id":
    case "name":
    case "role":
      return node[attribute.field];
    case "arch":
    case "os":
    case "hostname":
      return node.description[attribute.field];
  }
}

/**
 * Whether `node` meets `constraint`. A label that is not there differs from every value. A hybrid
 * node is both a manager and a worker.
 */
export function matchesConstraint(node: Node, constraint: Constraint): boolean {
  const { attribute, operator, value } = constraint;
  const isRole = attribute.kind === "field" && attribute.field === "role";
  const isEqual = findNodeAttribute(node, attribute) === value ||
    (isRole && node.role === "hybrid" && (value === "manager" || value === "worker"));
  return isEqual === (operator === "==");
}
