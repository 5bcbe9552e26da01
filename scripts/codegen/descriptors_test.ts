/** Tests of the descriptor reader on an image that is encoded here, field by field. */
import assert from "node:assert/strict";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { staleFiles } from "../gen_proto.ts";
import { parseDescriptors, renderDescriptors } from "./descriptors.ts";

function message(fields: readonly (readonly [number, string | Uint8Array])[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const [number, value] of fields) {
    writer.tag(number, 2);
    if (typeof value === "string") writer.string(value);
    else writer.bytes(value);
  }
  return writer.finish();
}

const INNER = message([[1, "Inner"]]);
const FILE = message([
  [1, "a/b.proto"],
  [2, "a.b"],
  [3, "a/other.proto"],
  [4, message([[1, "Outer"], [3, INNER], [4, message([[1, "Colour"]])]])],
  [5, message([[1, "Size"]])],
  [6, message([[1, "Things"], [2, message([[1, "Get"]])]])],
]);

Deno.test("parseDescriptors finds nested names, services and methods with their package", () => {
  const [file] = parseDescriptors(message([[1, FILE]]));
  assert.equal(file?.name, "a/b.proto");
  assert.deepEqual(file?.dependencies, ["a/other.proto"]);
  assert.deepEqual(file?.services, ["a.b.Things"]);
  assert.deepEqual(file?.symbols, [
    "a.b.Outer",
    "a.b.Outer.Inner",
    "a.b.Outer.Colour",
    "a.b.Size",
    "a.b.Things",
    "a.b.Things.Get",
  ]);
  assert.deepEqual(file?.bytes, FILE);
});

Deno.test("renderDescriptors gives the same text for the same image", () => {
  const image = message([[1, FILE], [1, FILE]]);
  assert.equal(renderDescriptors(image), renderDescriptors(image.slice()));
  assert.match(renderDescriptors(image), /"base64": "/);
});

Deno.test("staleFiles names what is missing, different or without a source", () => {
  const wanted = new Map([["same", "1"], ["new", "1"], ["changed", "1"]]);
  const present = new Map([["same", "1"], ["changed", "2"], ["gone", "1"]]);
  assert.deepEqual(staleFiles(wanted, present), ["changed", "gone", "new"]);
});
