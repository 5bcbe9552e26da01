/** Wrong envelopes, secrets, configs and volumes; several documents; missing references. */
import { resourceManifest, type Row, serviceManifest } from "./row.ts";

export function* envelopeRows(): Generator<Row> {
  const spec = "spec: {image: nginx}\n";
  yield ["a number as the document", "42\n", /is no manifest/, 1];
  yield ["a list as the document", "- a\n- b\n", /is no manifest/, 1];
  yield ["a text as the document", "hello\n", /is no manifest/, 1];
  yield ["an empty map", "{}\n", /must have kind/, 1];
  yield ["no apiVersion", `kind: Service\nmetadata: {name: a}\n${spec}`, /must have apiVersion/];
  yield [
    "another apiVersion",
    `apiVersion: apps/v1\nkind: Service\nmetadata: {name: a}\n${spec}`,
    /must be warren.io\/v1/,
    1,
  ];
  yield [
    "a list as apiVersion",
    `apiVersion: [v1]\nkind: Service\nmetadata: {name: a}\n${spec}`,
    /must be warren.io\/v1/,
  ];
  yield ["no kind", `apiVersion: v1\nmetadata: {name: a}\n${spec}`, /must have kind/, 1];
  yield [
    "a misspelt kind",
    `apiVersion: v1\nkind: service\nmetadata: {name: a}\n${spec}`,
    /did you mean Service\?/,
    2,
  ];
  yield [
    "a kind of another system",
    `apiVersion: v1\nkind: Deployment\nmetadata: {name: a}\n${spec}`,
    /must be one of Service, Secret/,
    2,
  ];
  yield ["an empty kind", `apiVersion: v1\nkind:\nmetadata: {name: a}\n${spec}`, /is ""/, 2];
  yield [
    "a map as kind",
    `apiVersion: v1\nkind: {a: b}\nmetadata: {name: a}\n${spec}`,
    /must be one of/,
    2,
  ];
  yield [
    "an Ingress",
    `apiVersion: v1\nkind: Ingress\nmetadata: {name: a}\nspec: {}\n`,
    /not available yet/,
    2,
  ];
  yield ["no metadata", `apiVersion: v1\nkind: Service\n${spec}`, /must have metadata/];
  yield [
    "a list as metadata",
    `apiVersion: v1\nkind: Service\nmetadata: [a]\n${spec}`,
    /must be a map of name, labels/,
    3,
  ];
  yield [
    "no name",
    `apiVersion: v1\nkind: Service\nmetadata: {labels: {a: b}}\n${spec}`,
    /must have name/,
    3,
  ];
  yield [
    "a number as name",
    `apiVersion: v1\nkind: Service\nmetadata: {name: 123}\n${spec}`,
    /write "123" in quotes/,
    3,
  ];
  yield [
    "an empty name",
    `apiVersion: v1\nkind: Service\nmetadata: {name: ""}\n${spec}`,
    /metadata.name: must be 1 to 63/,
    3,
  ];
  yield [
    "a name that climbs directories",
    `apiVersion: v1\nkind: Service\nmetadata: {name: ../../etc}\n${spec}`,
    /metadata.name: must be 1 to 63/,
    3,
  ];
  yield [
    "a name of a thousand letters",
    `apiVersion: v1\nkind: Service\nmetadata: {name: ${"a".repeat(1_000)}}\n${spec}`,
    /metadata.name: must be 1 to 63/,
    3,
  ];
  yield ["no spec", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n", /must have spec/, 1];
  yield [
    "a list as spec",
    "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: [a]\n",
    /must have spec, a map/,
    4,
  ];
  yield [
    "an unknown key of the envelope",
    `apiVersion: v1\nkind: Service\nmetdata: {name: a}\n${spec}`,
    /unknown key "metdata": did you mean metadata\?/,
    3,
  ];
  yield [
    "labels that are a list of texts",
    `apiVersion: v1\nkind: Service\nmetadata: {name: a, labels: [b]}\n${spec}`,
    /must be a map of name, value/,
    3,
  ];
}

export function* resourceRows(): Generator<Row> {
  const secret = (...lines: readonly string[]) => resourceManifest("Secret", ...lines);
  yield [
    "a secret without data",
    secret("type: Opaque"),
    /must have data, dataBase64 or fromFile/,
    6,
  ];
  yield ["a secret without value", secret("data:"), /must be text/, 6];
  yield ["a secret as a list", secret("data: [a]"), /must be text, or a map with one entry/, 6];
  yield ["a secret of two entries", secret("data: {a: b, c: d}"), /must have one entry, has 2/, 6];
  yield ["two sources of a secret", secret("data: a", "dataBase64: YQ=="), /second source/, 7];
  yield ["Base64 that is none", secret("dataBase64: '!!!'"), /must be Base64/, 6];
  yield ["Base64 without its end", secret("dataBase64: abc"), /must be Base64/, 6];
  yield ["Base64 of URLs", secret("dataBase64: -_8="), /must be Base64/, 6];
  yield ["a secret of an unknown type", secret("data: a", "type: ssh"), /must be opaque or tls/, 7];
  yield ["a secret with a service's key", secret("data: a", "image: x"), /unknown key "image"/, 7];
  yield ["a misspelt key of a secret", secret("dta: a"), /did you mean data\?/, 6];
  yield ["a secret from a file without name", secret("fromFile: ''"), /must be a path/, 6];
  yield [
    "a config with a secret's type",
    resourceManifest("Config", "data: a", "type: tls"),
    /unknown key "type"/,
    7,
  ];
  yield [
    "a config of bytes",
    resourceManifest("Config", "data: 5", "fromFile: x"),
    /second source/,
    7,
  ];
  yield [
    "a volume of an unknown driver",
    resourceManifest("Volume", "driver: nfs"),
    /must be local, is "nfs"/,
    6,
  ];
  yield [
    "a volume with options of a list",
    resourceManifest("Volume", "driverOpts: [a]"),
    /must be a map/,
    6,
  ];
  yield [
    "a volume with a nested option",
    resourceManifest("Volume", "driverOpts: {a: {b: c}}"),
    /must be text/,
    6,
  ];
  yield [
    "a volume with a bad name",
    resourceManifest("Volume", "driver: local").replace("thing", "a/b"),
    /metadata.name: must be 1 to 64/,
    4,
  ];
}

export function* severalRows(): Generator<Row> {
  const good = serviceManifest();
  yield ["the same service twice", `${good}---\n${good}`, /"web" was already written at .*:1:1/, 8];
  yield ["a good and a bad document", `${good}---\nkind: Nothing\n`, /must be one of/, 8];
  yield ["a bad and a good document", `kind: Nothing\n---\n${good}`, /must be one of/, 1];
  yield ["broken syntax after a good document", `${good}---\na: [\n`, /no valid YAML/];
  yield ["a hundred bad documents", "---\nkind: x\n".repeat(100), /more faults are not shown/];
}

export function* planRows(): Generator<Row> {
  yield [
    "a secret that nobody has",
    serviceManifest("secrets: [nobody]"),
    /needs the secret "nobody"/,
    7,
  ];
  yield [
    "a config that nobody has",
    serviceManifest("configs: [nobody]"),
    /needs the config "nobody"/,
    7,
  ];
  yield [
    "a secret of another name in the same file",
    `${serviceManifest("secrets: [Db]")}---\n${resourceManifest("Secret", "data: a")}`,
    /needs the secret "Db"/,
    7,
  ];
}
