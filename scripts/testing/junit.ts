/**
 * Reads how many tests a run had from the report that `deno test --junit-path` writes.
 *
 * Called by scripts/test_all.ts after each test stage. It understands only that report, not JUnit in general.
 */

/** Counts of one test run; steps count as tests. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** Names of tests that were ignored. */
  readonly skipped: readonly string[];
}

/** No test at all. */
export const NO_TESTS: Counts = { passed: 0, failed: 0, skipped: [] };

/** Counts from a report's text. @throws Error when the text is no such report. */
export function parseJunit(text: string): Counts {
  const root = /<testsuites\b([^>]*)>/.exec(text)?.[1];
  if (root === undefined) throw new Error("The test report has no <testsuites>");
  const failed = attribute(root, "failures") + attribute(root, "errors");
  const skipped = [...text.matchAll(/<testcase name="([^"]*)"[^>]*>\s*<skipped/g)]
    .map((match) => unescapeXml(match[1] ?? ""));
  return { passed: attribute(root, "tests") - failed - skipped.length, failed, skipped };
}

/** The sum of two runs. */
export function addCounts(a: Counts, b: Counts): Counts {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: [...a.skipped, ...b.skipped],
  };
}

function attribute(attributes: string, name: string): number {
  const value = Number(new RegExp(`\\b${name}="(\\d+)"`).exec(attributes)?.[1]);
  if (!Number.isInteger(value)) throw new Error(`The test report has no count of ${name}`);
  return value;
}

function unescapeXml(text: string): string {
  return text.replaceAll("&gt;", ">").replaceAll("&lt;", "<").replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'").replaceAll("&amp;", "&");
}
