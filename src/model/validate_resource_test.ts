/** Names, labels, sizes and drivers that are refused, and some that are not. */
import assert from "node:assert/strict";
import { MAX_CONFIG_BYTES, MAX_SECRET_BYTES } from "./resource.ts";
import {
  validateConfig,
  validateLabels,
  validateName,
  validateSecret,
  validateVolume,
} from "./validate_resource.ts";

const paths = (faults: readonly { path: string }[]) => faults.map(({ path }) => path);

for (const name of ["db", "App.conf", "a_b-c", "0", "x".repeat(64)]) {
  Deno.test(`validateName takes ${name.slice(0, 10)}`, () => {
    assert.deepEqual(validateName("name", name), []);
  });
}

for (const name of ["", ".hidden", "a/b", "a b", "x".repeat(65), "a\n", "ä"]) {
  Deno.test(`validateName refuses ${JSON.stringify(name.slice(0, 10))}`, () => {
    assert.deepEqual(paths(validateName("name", name)), ["name"]);
  });
}

Deno.test("validateSecret and validateConfig bound the data by its size", () => {
  const file = { name: "db", labels: {}, sizeBytes: MAX_SECRET_BYTES };
  assert.deepEqual(validateSecret(file), []);
  assert.deepEqual(paths(validateSecret({ ...file, sizeBytes: MAX_SECRET_BYTES + 1 })), ["data"]);
  assert.deepEqual(validateConfig({ ...file, sizeBytes: MAX_CONFIG_BYTES }), []);
  assert.deepEqual(paths(validateConfig({ ...file, sizeBytes: NaN })), ["data"]);
});

Deno.test("validateVolume finds a bad name, driver, option and label at once", () => {
  const volume = { name: "/x", driver: "nfs", options: { "a b": "c" }, labels: { "": "x" } };
  assert.deepEqual(paths(validateVolume(volume)), [
    "name",
    "driver",
    'options["a b"]',
    'labels[""]',
  ]);
});

Deno.test("validateLabels bounds their number and their bytes", () => {
  const many = Object.fromEntries(Array.from({ length: 201 }, (_, at) => [`k${at}`, ""]));
  assert.deepEqual(paths(validateLabels("labels", many)), ["labels"]);
  const long = Object.fromEntries(
    Array.from({ length: 20 }, (_, at) => [`k${at}`, "x".repeat(4_096)]),
  );
  assert.deepEqual(paths(validateLabels("labels", long)), ["labels"]);
});
