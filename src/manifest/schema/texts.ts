/**
 * Codecs of maps of texts, commands, and names with a path: what services and resources share.
 */
import type { FileRef, VolumeMount } from "../../model/mod.ts";
import { quoteText } from "../../model/mod.ts";
import type { Tree } from "../yaml/tree.ts";
import { anyText, type Codec, flag, integer, list, permissions, refuse, text } from "./codec.ts";
import type { Cursor } from "./cursor.ts";
import { mapped, orShort, ownFields, table } from "./field.ts";
import { splitWords } from "./words.ts";

type Texts = Readonly<Record<string, string>>;

/** One entry of the list form of a map of texts. */
interface NamedText {
  readonly name: string;
  readonly value: string;
}

const ownNamed = ownFields<NamedText>();
const namedText = table<NamedText>({
  type: "name and value",
  base: { name: "", value: "" },
  fields: [
    ownNamed("name", text, "Name", { required: true, aliases: ["key"] }),
    ownNamed("value", anyText, "Value"),
  ],
});

/** A map of texts, as a map or as a list of `name` and `value`. */
export const texts: Codec<Texts> = {
  type: "map of text, or list of `name` and `value`",
  blank: {},
  decode(tree, cursor) {
    if (tree.kind === "scalar") return refuse(tree, cursor, "a map of text", {});
    if (tree.kind === "list") return textsOfList(tree.items, cursor);
    return Object.fromEntries(tree.entries.map(({ key, value }) => {
      return [key, anyText.decode(value, cursor.entry(key, value.place))];
    }));
  },
  encode: (value) => value,
};

function textsOfList(items: readonly Tree[], cursor: Cursor): Texts {
  const found = new Map<string, string>();
  items.forEach((item, at) => {
    const { name, value } = namedText.decode(item, cursor.item(at, item.place));
    if (found.has(name)) cursor.fault(item.place, `repeats the name ${quoteText(name)}`);
    cursor.entry(name, item.place);
    found.set(name, value);
  });
  return Object.fromEntries(found);
}

const words = list(anyText);

/** An argument list; one text is split into words as a shell would, but run by none. */
export const command: Codec<readonly string[]> = {
  type: "list of text, or one text",
  blank: [],
  decode(tree, cursor) {
    if (tree.kind !== "scalar") return words.decode(tree, cursor);
    const split = splitWords(anyText.decode(tree, cursor));
    if (split.ok) return split.words;
    cursor.fail(tree.place, split.message);
    return [];
  },
  encode: words.encode,
};

/** A shell command or an argument list, for health checks: one text is run by `/bin/sh -c`. */
export const shellCommand: Codec<readonly string[]> = {
  ...command,
  type: "list of text, or one text for `/bin/sh -c`",
  decode(tree, cursor) {
    if (tree.kind !== "scalar") return words.decode(tree, cursor);
    return ["/bin/sh", "-c", anyText.decode(tree, cursor)];
  },
};

const NO_REF: FileRef = { name: "", target: "", uid: 0, gid: 0, mode: 0o444 };

const ownRef = ownFields<FileRef>();
const refTable = table<FileRef>({
  type: "map",
  base: NO_REF,
  fields: [
    ownRef("name", text, "Name of the secret or config", { required: true, aliases: ["source"] }),
    ownRef("target", text, "Absolute path, or a file name in the usual directory; the name"),
    ownRef("mode", permissions, "Permission bits; `0444`"),
    ownRef("uid", integer, "Owner; `0`"),
    ownRef("gid", integer, "Group; `0`"),
  ],
});

/** A secret or config in a container: `NAME`, `NAME:PATH` or a map. */
export const fileRef: Codec<FileRef> = orShort(
  mapped(refTable, {
    blank: NO_REF,
    to: (ref) => ref.target === "" ? { ...ref, target: ref.name } : ref,
    from: (ref) => ref.target === ref.name ? { ...ref, target: "" } : ref,
  }),
  {
    type: "`NAME` or `NAME:PATH`",
    blank: NO_REF,
    read(short) {
      const [name = "", target = name, ...more] = short.split(":");
      return more.length === 0 && name !== "" ? { ...NO_REF, name, target } : undefined;
    },
    write(ref) {
      const isUsual = ref.mode === NO_REF.mode && ref.uid === 0 && ref.gid === 0;
      return isUsual && ref.target === ref.name && !ref.name.includes(":") ? ref.name : undefined;
    },
  },
);

const NO_MOUNT: VolumeMount = { volume: "", target: "", readOnly: false };

const ownMount = ownFields<VolumeMount>();
const mountTable = table<VolumeMount>({
  type: "map",
  base: NO_MOUNT,
  fields: [
    ownMount("volume", text, "Name of the volume; it is made when there is none", {
      key: "source",
      aliases: ["volume", "name"],
      required: true,
    }),
    ownMount("target", text, "Absolute path in the container", { required: true }),
    ownMount("readOnly", flag, "Whether the container may only read; `false`"),
  ],
});

/** A volume in a container: `NAME:PATH`, `NAME:PATH:ro` or a map. */
export const mount: Codec<VolumeMount> = orShort(mountTable, {
  type: "`NAME:PATH[:ro]`",
  blank: NO_MOUNT,
  read(short) {
    const [volume = "", target = "", access = "rw", ...more] = short.split(":");
    if (volume === "" || target === "" || more.length > 0) return undefined;
    if (access !== "ro" && access !== "rw") return undefined;
    return { volume, target, readOnly: access === "ro" };
  },
  write: () => undefined,
});
