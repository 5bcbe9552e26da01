/** Files that are broken before their meaning matters: syntax, aliases, sizes, bytes. */
import { resourceManifest, type Row, serviceManifest } from "./row.ts";

export function* syntaxRows(): Generator<Row> {
  yield ["an open quote", 'kind: "Service\nname: x\n', /no valid YAML/];
  yield ["an open list", "spec: [a, b\n", /no valid YAML/];
  yield ["an open map", "spec: {a: b\n", /no valid YAML/];
  yield [
    "a tab as indentation",
    "kind: Service\nspec:\n\timage: nginx\n",
    /no valid YAML: .*[Tt]ab/,
  ];
  yield ["broken indentation", "spec:\n    a: b\n  c: d\n", /no valid YAML/];
  yield ["a value after a value", "a: b: c\n", /no valid YAML/];
  yield ["only brackets", "]]]]\n", /no valid YAML/];
  yield ["a bad escape", 'a: "\\q"\n', /no valid YAML/];
  yield ["a map as key", serviceManifest("? {a: b}\n  : c"), /key that is no text/];
  yield ["a list as key", serviceManifest("? [a]\n  : c"), /key that is no text/];
  yield ["an alias as key", serviceManifest("user: &a x", "*a : c"), /key that is no text/];
  yield ["an empty key", serviceManifest(": c"), /empty key/, 7];
  yield [
    "the same key twice",
    serviceManifest("image: other"),
    /repeats the key "image" of line 6/,
    7,
  ];
  yield ["a merge key", serviceManifest("<<: {replicas: 3}"), /merge key/, 7];
  yield [
    "a function of JavaScript",
    serviceManifest("user: !!js/function 'function () { return 1 }'"),
    /has the tag "tag:yaml.org,2002:js\/function"/,
    7,
  ];
  yield [
    "an object of Python",
    serviceManifest("user: !!python/object:os.system x"),
    /has the tag/,
    7,
  ];
  yield ["a tag of its own", serviceManifest("ports: !port [80]"), /has the tag "!port"/, 7];
  yield ["a binary tag", serviceManifest("user: !!binary aGk="), /has the tag/, 7];
  yield ["an integer tag", serviceManifest('replicas: !!int "3"'), /has the tag/, 7];
  yield ["a tag without a prefix", "%TAG ! tag:evil.example,2000:\n---\n!x a\n", /has the tag/];
  yield ["a merge of lists", serviceManifest("<<: [{a: b}, {c: d}]"), /merge key/, 7];
}

export function* anchorRows(): Generator<Row> {
  const levels = ["a: &a0 [x, x, x, x, x, x, x, x, x, x]"];
  for (let at = 1; at < 12; at++) {
    levels.push(`b${at}: &a${at} [${Array(10).fill(`*a${at - 1}`).join(", ")}]`);
  }
  yield ["a bomb of lists", `${levels.join("\n")}\n`, /comes to too much/, 5];
  const maps = ["a: &a0 {k: v}"];
  for (let at = 1; at < 40; at++) maps.push(`b${at}: &a${at} {l: *a${at - 1}, r: *a${at - 1}}`);
  yield ["a bomb of maps", `${maps.join("\n")}\n`, /comes to too much/];
  const long = "x".repeat(200_000);
  const uses = Array.from({ length: 1_000 }, (_, at) => `A${at}: *x`).join(", ");
  yield [
    "a long text used a thousand times",
    serviceManifest(`user: &x ${long}`, `env: {${uses}}`),
    /comes to too much/,
  ];
  yield [
    "a list that holds itself",
    serviceManifest("command: &a [x, *a]"),
    /cannot hold itself/,
    7,
  ];
  yield ["a map that holds itself", serviceManifest("env: &e {A: *e}"), /cannot hold itself/, 7];
  yield ["a document that holds itself", "&d\nspec: *d\n", /cannot hold itself/, 2];
  yield ["an alias without anchor", serviceManifest("user: *nobody"), /no anchor before it/, 7];
  yield [
    "an alias to another document",
    `--- &d\na: b\n---\nspec: *d\n`,
    /has no anchor before it in this document/,
    4,
  ];
  yield [
    "a list by alias where a text is wanted",
    serviceManifest("command: &a [x]", "user: *a"),
    /must be text/,
  ];
}

export function* sizeRows(): Generator<Row> {
  yield ["more than four MiB", `# ${"x".repeat(4 * 2 ** 20)}\n`, /at most 4MiB/, 1];
  yield ["five MiB of wide characters", "é".repeat(2.5 * 2 ** 20), /at most 4MiB/, 1];
  yield ["lists a hundred thousand deep", "[".repeat(100_000), /nested deeper than 64/, 1];
  yield ["maps a hundred thousand deep", "{a: ".repeat(100_000), /nested deeper than 64/, 1];
  yield ["block lists ten thousand deep", "- ".repeat(10_000), /nested deeper than 64/, 1];
  yield ["keys ten thousand deep", "? ".repeat(10_000), /nested deeper than 64/, 1];
  const steps = Array.from({ length: 300 }, (_, at) => `${" ".repeat(at)}a:\n`).join("");
  yield ["block maps three hundred deep", steps, /nested deeper than 64/];
  yield ["a million list items", "- a\n".repeat(1_000_000), /too many tokens/];
  yield [
    "a million keys",
    Array.from({ length: 400_000 }, (_, at) => `k${at}:\n`).join(""),
    /too many tokens/,
  ];
  const same = "a: b\n".repeat(5_000);
  yield ["one key five thousand times", same, /repeats the key "a" of line 1|more faults/];
  const unknown = Array.from({ length: 5_000 }, (_, at) => `  k${at}: v\n`).join("");
  yield ["five thousand unknown keys", `${serviceManifest()}${unknown}`, /unknown key/, 7];
  const manyKeys = Array.from({ length: 300 }, (_, at) => `k${at}: v\n`).join("");
  yield [
    "three hundred thousand lines in a thousand documents",
    `---\n${manyKeys}`.repeat(1_000),
    /too many tokens: split/,
  ];
  yield ["two thousand documents", "---\na: b\n".repeat(2_000), /more than 1000 documents/];
  yield [
    "a variable of one MiB",
    serviceManifest(`env: {A: ${"x".repeat(2 ** 20)}}`),
    /spec.env.A: must be at most 131,071 bytes/,
    7,
  ];
  const env = Array.from({ length: 10 }, (_, at) => `A${at}: ${"x".repeat(100_000)}`).join(", ");
  yield ["an environment of one MB", serviceManifest(`env: {${env}}`), /spec.env: .*512KiB/, 7];
  const names = Array.from({ length: 6_000 }, (_, at) => `A${at}: x`).join(", ");
  yield ["six thousand variables", serviceManifest(`env: {${names}}`), /at most 5,000 entries/, 7];
  const words = Array(1_001).fill("a").join(", ");
  yield [
    "a thousand and one arguments",
    serviceManifest(`command: [${words}]`),
    /at most 1,000 entries/,
  ];
  const ports = "{containerPort: 1},".repeat(1_000);
  yield ["a thousand ports", serviceManifest(`ports: [${ports}]`), /at most 500 entries/, 7];
  yield [
    "a secret of a MB",
    resourceManifest("Secret", `data: ${"x".repeat(10 ** 6)}`),
    /at most 500KiB/,
    6,
  ];
  yield [
    "a config of two MB",
    resourceManifest("Config", `data: ${"x".repeat(2e6)}`),
    /at most 1MiB/,
    6,
  ];
  yield [
    "an unknown key of a thousand letters",
    serviceManifest(`${"k".repeat(1_000)}: v`),
    /unknown key "k+…"/,
    7,
  ];
  yield ["a line of commas", `a: [${",".repeat(150_000)}]\n`, /too many tokens/];
  yield [
    "twenty thousand comments inside",
    serviceManifest("#".repeat(1), "# x\n".repeat(20_000), "x: y"),
    /unknown key "x"/,
  ];
  yield [
    "fifty thousand blank lines",
    serviceManifest("\n".repeat(50_000), "x: y"),
    /unknown key "x"/,
  ];
  yield [
    "quotes without end",
    `a: ${'"\\"'.repeat(50_000)}\n`,
    /no valid YAML|unknown key|must have kind/,
  ];
}

export function* byteRows(): Generator<Row> {
  const encode = (text: string) => new TextEncoder().encode(text);
  const join = (...parts: readonly (string | readonly number[])[]) =>
    Uint8Array.from(parts.flatMap((part) => typeof part === "string" ? [...encode(part)] : part));
  yield ["bytes that are no UTF-8", join("a: b\nc: ", [0xff, 0xfe]), /is no UTF-8/, 2];
  yield ["a cut UTF-8 sequence", join("a: ", [0xe2, 0x82]), /is no UTF-8/, 1];
  yield ["an overlong slash", join("a: ", [0xc0, 0xaf]), /is no UTF-8/, 1];
  yield ["UTF-16 with its mark", join([0xff, 0xfe, 0x61, 0, 0x3a, 0]), /is no UTF-8/, 1];
  yield ["UTF-16 without a mark", join([0x61, 0, 0x3a, 0]), /U\+0000/, 1];
  yield ["an executable", join([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]), /U\+007F/, 1];
  yield ["NUL in a value", serviceManifest("user: a\0b"), /U\+0000/, 7];
  yield ["escape in a value", serviceManifest("user: a\u001b[31mb"), /U\+001B/, 7];
  yield ["a bell in a comment", "# \u0007\n", /U\+0007/, 1];
  yield ["DEL in a key", serviceManifest("us\u007fer: a"), /U\+007F/, 7];
  yield ["a C1 control", serviceManifest("user: a\u009bb"), /U\+009B/, 7];
  yield ["a form feed", "a: b\f\n", /U\+000C/, 1];
  yield ["an escaped NUL", serviceManifest('env: {A: "a\\0b"}'), /spec.env.A: .*U\+0000/, 7];
  yield [
    "an escaped escape in a name",
    'apiVersion: v1\nkind: Volume\nmetadata: {name: "a\\e[0m"}\n',
    /metadata.name/,
    3,
  ];
  yield [
    "an escaped line end in the image",
    serviceManifest().replace("nginx:1.27", '"a\\nb"'),
    /U\+000A/,
    6,
  ];
  yield ["half a surrogate pair", serviceManifest('user: "\\ud800"'), /spec.user|no valid YAML/, 7];
  yield [
    "Windows line ends and a bad value",
    serviceManifest("replicas: x").replaceAll("\n", "\r\n"),
    /whole number, is x/,
    7,
  ];
  yield [
    "a byte order mark and a bad value",
    `\ufeff${serviceManifest("replicas: x")}`,
    /whole number/,
    7,
  ];
  yield [
    "a byte order mark inside",
    serviceManifest("\ufeffuser: a"),
    /unknown key|no valid YAML/,
    7,
  ];
}
