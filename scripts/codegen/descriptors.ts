/**
 * Turns the protobuf compiler's image into a module that the reflection service can serve from.
 *
 * Called by scripts/gen_proto.ts. It reads only what reflection asks for: file names, imports, and the full
 * names that each file declares. Field numbers are those of google/protobuf/descriptor.proto.
 */
import { BinaryReader } from "@bufbuild/protobuf/wire";

/** What is known of one .proto file. */
export interface FileDescription {
  readonly name: string;
  readonly dependencies: readonly string[];
  /** Full names of messages, enums, services and methods. */
  readonly symbols: readonly string[];
  /** Full names of services. */
  readonly services: readonly string[];
  /** The encoded descriptor. */
  readonly bytes: Uint8Array;
}

const LENGTH_DELIMITED = 2;

/** The files of an encoded `FileDescriptorSet`. */
export function parseDescriptors(image: Uint8Array): FileDescription[] {
  return (fieldsOf(image).get(1) ?? []).map(parseFile);
}

/** The source text of src/rpc/gen/descriptors.ts. */
export function renderDescriptors(image: Uint8Array): string {
  const files = parseDescriptors(image).map((file) => {
    const { bytes, ...rest } = file;
    return JSON.stringify({ ...rest, base64: bytes.toBase64() }, null, 2);
  });
  return `// Made by scripts/gen_proto.ts from proto/. Do not edit.

/** One .proto file as the reflection service needs it; \`base64\` is its encoded FileDescriptorProto. */
export interface ProtoFile {
  readonly name: string;
  readonly dependencies: readonly string[];
  readonly symbols: readonly string[];
  readonly services: readonly string[];
  readonly base64: string;
}

/** Every file of proto/, each after those that it imports. */
export const PROTO_FILES: readonly ProtoFile[] = [
${files.join(",\n")},
];
`;
}

function parseFile(bytes: Uint8Array): FileDescription {
  const fields = fieldsOf(bytes);
  const text = (number: number) => (fields.get(number) ?? []).map(decode);
  const packageName = text(2)[0] ?? "";
  const messages = (fields.get(4) ?? []).flatMap((message) => messageNames(message, packageName));
  const enums = (fields.get(5) ?? []).map((one) => join(packageName, nameOf(one)));
  const services = (fields.get(6) ?? []).map((one) => join(packageName, nameOf(one)));
  const methods = (fields.get(6) ?? []).flatMap((one) =>
    (fieldsOf(one).get(2) ?? []).map((method) =>
      join(join(packageName, nameOf(one)), nameOf(method))
    )
  );
  return {
    name: text(1)[0] ?? "",
    dependencies: text(3),
    symbols: [...messages, ...enums, ...services, ...methods],
    services,
    bytes,
  };
}

function messageNames(message: Uint8Array, parent: string): string[] {
  const name = join(parent, nameOf(message));
  const fields = fieldsOf(message);
  return [
    name,
    ...(fields.get(3) ?? []).flatMap((inner) => messageNames(inner, name)),
    ...(fields.get(4) ?? []).map((inner) => join(name, nameOf(inner))),
  ];
}

function nameOf(declaration: Uint8Array): string {
  return decode(fieldsOf(declaration).get(1)?.[0] ?? new Uint8Array());
}

function fieldsOf(bytes: Uint8Array): Map<number, Uint8Array[]> {
  const fields = new Map<number, Uint8Array[]>();
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (wireType !== LENGTH_DELIMITED) {
      reader.skip(wireType, number);
      continue;
    }
    const values = fields.get(number) ?? [];
    values.push(reader.bytes());
    fields.set(number, values);
  }
  return fields;
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function join(parent: string, name: string): string {
  return parent === "" ? name : `${parent}.${name}`;
}
