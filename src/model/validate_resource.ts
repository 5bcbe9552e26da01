/**
 * Faults of names, labels, secrets, configs and volumes. Pure; called by the API, by the service
 * validator and by the manifest planner. Sees the size of secret data, never the data.
 */
import { type FieldFault, formatBytes } from "../lib/mod.ts";
import { MAX_CONFIG_BYTES, MAX_SECRET_BYTES } from "./resource.ts";
import type { Labels } from "./service.ts";
import {
  checkChoice,
  checkCount,
  checkForm,
  checkText,
  collectFaults,
  formatCount,
  keyPath,
  type Report,
  utf8Length,
} from "./validate/text.ts";

const RESOURCE_NAME = {
  pattern: /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/,
  form: "1 to 64 letters, digits, _, . or -, beginning with a letter or digit",
};

const LABEL_KEY = {
  pattern: /^(?!__proto__$)[!-<>-~]{1,128}$/,
  form: "1 to 128 printable characters without spaces and =",
};

/** Bounds of labels and driver options: entries, characters of a value, bytes altogether. */
const MAX_LABELS = 200;
const MAX_LABEL_VALUE_CHARS = 4_096;
const MAX_LABELS_BYTES = 64 * 1024;

/** Drivers that make volumes. */
const VOLUME_DRIVERS = ["local"];

/** What the validators look at in a secret or config. */
export interface StoredFile {
  readonly name: string;
  readonly labels: Labels;
  readonly sizeBytes: number;
}

/** Every fault of a name of a secret, config or volume. */
export function validateName(path: string, name: string): readonly FieldFault[] {
  return collectFaults((report) => checkForm(report, path, name, RESOURCE_NAME));
}

/** Every fault of labels. */
export function validateLabels(path: string, labels: Labels): readonly FieldFault[] {
  return collectFaults((report) => checkTextMap(report, path, labels));
}

/** Every fault of a secret; its data may be empty but at most {@link MAX_SECRET_BYTES}. */
export function validateSecret(secret: StoredFile): readonly FieldFault[] {
  return collectFaults((report) => checkStoredFile(report, secret, MAX_SECRET_BYTES));
}

/** Every fault of a config; its data may be empty but at most {@link MAX_CONFIG_BYTES}. */
export function validateConfig(config: StoredFile): readonly FieldFault[] {
  return collectFaults((report) => checkStoredFile(report, config, MAX_CONFIG_BYTES));
}

/** Every fault of a volume. */
export function validateVolume(
  volume: {
    readonly name: string;
    readonly driver: string;
    readonly options: Readonly<Record<string, string>>;
    readonly labels: Labels;
  },
): readonly FieldFault[] {
  return collectFaults((report) => {
    checkForm(report, "name", volume.name, RESOURCE_NAME);
    checkChoice(report, "driver", volume.driver, VOLUME_DRIVERS);
    checkTextMap(report, "options", volume.options);
    checkTextMap(report, "labels", volume.labels);
  });
}

/** Reports faults of the name of a secret, config or volume that something refers to. */
export function checkResourceName(report: Report, path: string, name: string): boolean {
  return checkForm(report, path, name, RESOURCE_NAME);
}

/** Reports faults of labels or of a volume's options. */
export function checkTextMap(
  report: Report,
  path: string,
  map: Readonly<Record<string, string>>,
): void {
  const entries = Object.entries(map);
  if (!checkCount(report, path, entries.length, MAX_LABELS)) return;
  let totalBytes = 0;
  for (const [key, value] of entries) {
    const at = keyPath(path, key);
    checkForm(report, at, key, LABEL_KEY);
    checkText(report, at, value, { maxChars: MAX_LABEL_VALUE_CHARS, lines: true });
    totalBytes += utf8Length(key) + utf8Length(value);
  }
  if (totalBytes > MAX_LABELS_BYTES) {
    report(path, `must be at most ${formatBytes(MAX_LABELS_BYTES)} altogether: shorten them`);
  }
}

function checkStoredFile(report: Report, file: StoredFile, maxBytes: number): void {
  checkForm(report, "name", file.name, RESOURCE_NAME);
  checkTextMap(report, "labels", file.labels);
  if (Number.isSafeInteger(file.sizeBytes) && file.sizeBytes <= maxBytes) return;
  const found = formatCount(file.sizeBytes);
  report("data", `must be at most ${formatBytes(maxBytes)}, has ${found} bytes: mount a volume`);
}
