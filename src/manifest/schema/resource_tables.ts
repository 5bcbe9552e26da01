/**
 * The tables of Secret, Config and Volume.
 *
 * Data comes from one of three keys. A file is only named here: the caller reads it, so that
 * parsing stays pure and a manager never opens a path that a client wrote.
 */
import type { Labels } from "../../model/mod.ts";
import { anyText, choice, type Codec, refuse, text } from "./codec.ts";
import { type Field, field, ownFields } from "./field.ts";
import { labelsField } from "./labels.ts";
import { texts } from "./texts.ts";

/** A secret or config as it is written. */
export interface DataForm {
  readonly labels: Labels;
  /** Null until a key gave it; `fromFile` leaves it so. */
  readonly data: Uint8Array | null;
  /** Path as written, or null. */
  readonly fromFile: string | null;
}

/** Nothing given yet. */
export const NO_DATA: DataForm = { labels: {}, data: null, fromFile: null };

/** A volume as it is written. */
export interface VolumeForm {
  readonly labels: Labels;
  readonly driver: string;
  readonly options: Readonly<Record<string, string>>;
}

/** What a volume is when nothing is said. */
export const LOCAL_VOLUME: VolumeForm = { labels: {}, driver: "local", options: {} };

const NO_BYTES = new Uint8Array(0);

/** Text, or a map with one entry (whose key is of no use, but common). */
const dataText: Codec<Uint8Array> = {
  type: "text, or a map with one entry",
  blank: NO_BYTES,
  decode(tree, cursor) {
    if (tree.kind === "list") {
      return refuse(tree, cursor, "text, or a map with one entry", NO_BYTES);
    }
    if (tree.kind === "scalar") return utf8(anyText.decode(tree, cursor));
    const [entry, ...more] = tree.entries;
    if (entry !== undefined && more.length === 0) return utf8(anyText.decode(entry.value, cursor));
    cursor.fail(tree.place, `must have one entry, has ${tree.entries.length}: write one each`);
    return NO_BYTES;
  },
  encode: (bytes) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes),
};

const dataBase64: Codec<Uint8Array> = {
  type: "Base64 text",
  blank: NO_BYTES,
  decode(tree, cursor) {
    const compact = tree.kind === "scalar" ? tree.text.replace(/\s+/g, "") : "";
    const form = /^[A-Za-z0-9+\/]*={0,2}$/;
    const isBase64 = tree.kind === "scalar" && compact.length % 4 === 0 && form.test(compact);
    if (isBase64) return Uint8Array.from(atob(compact), (char) => char.charCodeAt(0));
    // The text may be secret: it is not repeated.
    cursor.fail(tree.place, "must be Base64, padded with =, of the standard alphabet");
    return NO_BYTES;
  },
  encode: base64,
};

function putData(draft: DataForm, data: Uint8Array, fault: (message: string) => void): DataForm {
  if (draft.data !== null || draft.fromFile !== null) fault("is a second source of the data");
  return { ...draft, data };
}

const dataFields: readonly Field<DataForm>[] = [
  field<DataForm, Uint8Array>({
    key: "data",
    codec: dataText,
    doc: "The data as text, taken as it is",
    spec: "data",
    get: ({ data }) => data !== null && isPlainText(data) ? data : undefined,
    put: putData,
  }),
  field<DataForm, Uint8Array>({
    key: "dataBase64",
    codec: dataBase64,
    doc: "The data in Base64",
    spec: "data",
    get: ({ data }) => data !== null && !isPlainText(data) ? data : undefined,
    put: putData,
  }),
  field<DataForm, string>({
    key: "fromFile",
    codec: text,
    doc: "A file with the data, relative to the manifest",
    spec: "data",
    get: ({ fromFile }) => fromFile ?? undefined,
    put(draft, fromFile, fault) {
      if (draft.data !== null) fault("is a second source of the data");
      if (fromFile.trim() === "" || /\p{Cc}/u.test(fromFile)) fault("must be a path");
      return { ...draft, fromFile };
    },
  }),
  labelsField<DataForm>(),
];

/** Every key of a Secret's `spec`. */
export const SECRET_FIELDS: readonly Field<DataForm>[] = [
  ...dataFields,
  field<DataForm, "opaque" | "tls">({
    key: "type",
    codec: choice(["opaque", "tls"]),
    doc: "Accepted from earlier versions, without effect",
    spec: "type",
    get: () => undefined,
    put: (draft) => draft,
  }),
];

/** Every key of a Config's `spec`. */
export const CONFIG_FIELDS: readonly Field<DataForm>[] = dataFields;

const ownVolume = ownFields<VolumeForm>();

/** Every key of a Volume's `spec`. */
export const VOLUME_FIELDS: readonly Field<VolumeForm>[] = [
  ownVolume("driver", text, "`local`"),
  ownVolume("options", texts, "Options of the driver", { key: "driverOpts" }),
  labelsField<VolumeForm>(),
];

/** Whether bytes can be written as text without loss or escapes. */
function isPlainText(bytes: Uint8Array): boolean {
  const decoded = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  if (/[\p{Cc}\p{Cs}\ufeff\ufffd\ufffe\uffff]/u.test(decoded.replace(/[\t\n]/g, ""))) return false;
  return decoded.length > 0 || bytes.length === 0;
}

function utf8(written: string): Uint8Array {
  return new TextEncoder().encode(written);
}

function base64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
