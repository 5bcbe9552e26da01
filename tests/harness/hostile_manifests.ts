/**
 * Manifests that must be refused, each with the fault that is expected: used by the unit tests of
 * the parser and against a running daemon.
 *
 * Every row says who finds the fault: `parse` before anything is sent, `plan` by looking at the
 * cluster. A generator, since some rows are megabytes.
 */

import { envelopeRows, planRows, resourceRows, severalRows } from "./hostile/document_rows.ts";
import { serviceRows, typeRows } from "./hostile/service_rows.ts";
import { anchorRows, byteRows, sizeRows, syntaxRows } from "./hostile/yaml_rows.ts";

export { serviceManifest } from "./hostile/row.ts";

/** One file and what must be said of it. */
export interface HostileManifest {
  /** What is wrong with it, as a noun. */
  readonly name: string;
  readonly content: string | Uint8Array;
  /** What one of the faults must say. */
  readonly fault: RegExp;
  /** Line of that fault, where it matters. */
  readonly line?: number;
  readonly foundBy: "parse" | "plan";
}

/** All of them. */
export function* hostileManifests(): Generator<HostileManifest> {
  const found = [
    ...envelopeRows(),
    ...syntaxRows(),
    ...anchorRows(),
    ...sizeRows(),
    ...byteRows(),
    ...typeRows(),
    ...serviceRows(),
    ...resourceRows(),
    ...severalRows(),
  ];
  for (const [name, content, fault, line] of found) {
    yield { name, content, fault, foundBy: "parse", ...(line !== undefined && { line }) };
  }
  for (const [name, content, fault, line] of planRows()) {
    yield { name, content, fault, foundBy: "plan", ...(line !== undefined && { line }) };
  }
}

/** Files that hold nothing: no fault, no resource, and a caller that says so. */
export const EMPTY_MANIFESTS: readonly string[] = [
  "",
  "\n\n",
  "# only a comment\n",
  "---\n",
  "---\n---\n...\n",
  "\ufeff",
  "\ufeff# x\r\n",
];
