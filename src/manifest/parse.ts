/**
 * Manifests to resources: every document of every file, all faults together, each with its place.
 *
 * Called by the CLI before anything is sent. Pure: files named by `fromFile` are asked for in
 * `fileReads` and handed in with a second call. A document with a fault gives no resource.
 */
import { findNearest } from "../lib/mod.ts";
import {
  defaultServiceSpec,
  fillHealthPort,
  type Labels,
  quoteText,
  withJobRestart,
} from "../model/mod.ts";
import { FaultList, formatPlace, type ManifestFault, type Place } from "./place.ts";
import {
  describeResource,
  type PlacedResource,
  type Resource,
  type ResourceKind,
  validateResource,
} from "./resource.ts";
import { text } from "./schema/codec.ts";
import { Cursor, Scope } from "./schema/cursor.ts";
import { decodeFields, ownFields, refuseKey, table } from "./schema/field.ts";
import {
  CONFIG_FIELDS,
  LOCAL_VOLUME,
  NO_DATA,
  SECRET_FIELDS,
  VOLUME_FIELDS,
} from "./schema/resource_tables.ts";
import { SERVICE_FIELDS } from "./schema/service_table.ts";
import { texts } from "./schema/texts.ts";
import { readDocuments } from "./yaml/read_yaml.ts";
import type { ManifestFile } from "./yaml/source.ts";
import { isNull, type MapTree, type Tree, type TreeEntry } from "./yaml/tree.ts";

/** A file that a manifest takes data from. */
export interface FileRead {
  /** Path for the caller to read: absolute, or relative to where the manifest's own name is. */
  readonly path: string;
  /** Where it was asked for. */
  readonly place: Place;
}

/** What reading a file gave: its bytes, or why it could not be read. */
export type FileContent =
  | { readonly kind: "read"; readonly bytes: Uint8Array }
  | { readonly kind: "failed"; readonly message: string };

/** Everything that some files say. */
export interface ParsedManifests {
  /** In the order they were written; only those without faults. */
  readonly resources: readonly PlacedResource[];
  readonly faults: readonly ManifestFault[];
  /** Files still to be read. When there are any, read them and parse again with their contents. */
  readonly fileReads: readonly FileRead[];
}

/** The kinds of documents, as they are written. */
export const MANIFEST_KINDS = ["Service", "Secret", "Config", "Volume"] as const;
const API_VERSIONS = ["warren.io/v1", "v1"];

/** Reads all of `files`; `contents` are those of {@link FileRead.path}. Never throws on any text. */
export function parseManifests(
  files: readonly ManifestFile[],
  contents: ReadonlyMap<string, FileContent> = new Map(),
): ParsedManifests {
  const faults = new FaultList();
  const fileReads: FileRead[] = [];
  const resources: PlacedResource[] = [];
  const known = new Map<string, string>();
  for (const file of files) {
    for (const tree of readDocuments(file, faults)) {
      const document = new DocumentReader(tree, { faults, contents, fileReads, file: file.name });
      const placed = document.read();
      if (placed === undefined) continue;
      const name = describeResource(placed.resource);
      const earlier = known.get(name);
      if (earlier === undefined) known.set(name, placed.source);
      else document.fault(tree.place, `${name} was already written at ${earlier}: name it once`);
      if (document.isGood()) resources.push(placed);
    }
  }
  return { resources, faults: faults.sorted(files.map((file) => file.name)), fileReads };
}

interface Metadata {
  readonly name: string;
  readonly labels: Labels;
}

const ownMetadata = ownFields<Metadata>();
const metadataTable = table<Metadata>({
  type: "map",
  base: { name: "", labels: {} },
  fields: [
    ownMetadata("name", text, "Name, unique among those of its kind", { required: true }),
    ownMetadata("labels", texts, "Labels"),
  ],
});

/** What the documents of one parse share. */
interface Context {
  readonly file: string;
  readonly faults: FaultList;
  readonly contents: ReadonlyMap<string, FileContent>;
  readonly fileReads: FileRead[];
}

/** Reads one document. */
class DocumentReader {
  readonly #scope: Scope;
  readonly #root: Cursor;
  readonly #before: number;

  constructor(readonly tree: Tree, readonly context: Context) {
    this.#before = context.faults.count;
    this.#scope = new Scope(context.faults, { place: tree.place, path: "" });
    this.#root = new Cursor(this.#scope, "", "");
  }

  isGood(): boolean {
    return this.context.faults.count === this.#before;
  }

  fault(place: Place, message: string): void {
    this.#root.fault(place, message);
  }

  /** The resource, even when it has faults; undefined when it cannot be made out. */
  read(): PlacedResource | undefined {
    if (this.tree.kind !== "map") {
      this.fault(
        this.tree.place,
        "is no manifest: write a map of apiVersion, kind, metadata, spec",
      );
      return undefined;
    }
    const map = this.tree;
    const entries = new Map(map.entries.map((entry) => [entry.key, entry]));
    const known = ["apiVersion", "kind", "metadata", "spec"];
    for (const entry of map.entries) {
      if (!known.includes(entry.key)) refuseKey(entry, known, this.#root);
    }
    this.#checkVersion(map, entries.get("apiVersion"));
    const kind = this.#kind(map, entries.get("kind"));
    const metadata = this.#metadata(map, entries.get("metadata"));
    if (kind === undefined) return undefined;
    const resource = this.#resource(kind, metadata, entries.get("spec"));
    if (resource === undefined) return undefined;
    this.#scope.addValidation(validateResource(resource));
    return { resource, source: formatPlace(map.place), places: this.#scope.places() };
  }

  #checkVersion(map: MapTree, entry: TreeEntry | undefined): void {
    const found = entry === undefined ? undefined : scalarText(entry.value);
    if (found !== undefined && API_VERSIONS.includes(found)) return;
    const place = entry?.value.place ?? map.place;
    if (entry === undefined) this.fault(place, "must have apiVersion: warren.io/v1");
    else this.#at("apiVersion").fault(place, "must be warren.io/v1");
  }

  #kind(map: MapTree, entry: TreeEntry | undefined): ResourceKind | undefined {
    const wanted = MANIFEST_KINDS.join(", ");
    if (entry === undefined) {
      this.fault(map.place, `must have kind, one of ${wanted}`);
      return undefined;
    }
    const found = scalarText(entry.value) ?? "";
    const kind = MANIFEST_KINDS.find((name) => name === found);
    if (kind !== undefined) return kindOf(kind);
    const near = findNearest(found, MANIFEST_KINDS);
    const hint = near === undefined ? "" : `: did you mean ${near}?`;
    const message = found === "Ingress"
      ? "Ingress is not available yet: publish a host port instead"
      : `must be one of ${wanted}, is ${quoteText(found)}${hint}`;
    this.#at("kind").fault(entry.value.place, message);
    return undefined;
  }

  #metadata(map: MapTree, entry: TreeEntry | undefined): Metadata {
    if (entry !== undefined) {
      return metadataTable.decode(entry.value, this.#root.field("metadata", "", entry.value.place));
    }
    this.fault(map.place, "must have metadata with a name");
    this.#scope.fail("name");
    return metadataTable.blank;
  }

  #resource(
    kind: ResourceKind,
    metadata: Metadata,
    entry: TreeEntry | undefined,
  ): Resource | undefined {
    const { name } = metadata;
    const map = this.#spec(kind, entry);
    if (map === undefined) return undefined;
    const cursor = this.#root.field("spec", "", map.place);
    if (kind === "service") {
      const base = { ...defaultServiceSpec(name), labels: metadata.labels };
      const draft = decodeFields({ fields: SERVICE_FIELDS, base }, map, cursor);
      const isGiven = this.#scope.isWritten("task.restart.condition");
      return { kind, name, spec: fillHealthPort(withJobRestart(draft, isGiven)) };
    }
    if (kind === "volume") {
      const base = { ...LOCAL_VOLUME, labels: metadata.labels };
      return { kind, name, ...decodeFields({ fields: VOLUME_FIELDS, base }, map, cursor) };
    }
    const fields = kind === "secret" ? SECRET_FIELDS : CONFIG_FIELDS;
    const base = { ...NO_DATA, labels: metadata.labels };
    const draft = decodeFields({ fields, base }, map, cursor);
    const data = draft.fromFile === null ? draft.data : this.#fileData(draft.fromFile, cursor);
    if (data !== null) return { kind, name, labels: draft.labels, data };
    if (draft.fromFile === null) cursor.fault(map.place, "must have data, dataBase64 or fromFile");
    return undefined;
  }

  /** The map below `spec`; a volume may do without. */
  #spec(kind: ResourceKind, entry: TreeEntry | undefined): MapTree | undefined {
    const isEmpty = entry === undefined || isNull(entry.value);
    if (isEmpty && kind === "volume") return { kind: "map", entries: [], place: this.tree.place };
    if (entry?.value.kind === "map") return entry.value;
    this.fault(entry?.value.place ?? this.tree.place, "must have spec, a map");
    return undefined;
  }

  /** The bytes of a named file; null, with a request or a fault, when they are not at hand. */
  #fileData(written: string, cursor: Cursor): Uint8Array | null {
    const { place } = this.#scope.find("data");
    const path = resolvePath(this.context.file, written);
    const content = this.context.contents.get(path);
    if (content?.kind === "read") return content.bytes;
    if (content === undefined) this.context.fileReads.push({ path, place });
    else cursor.fault(place, `cannot read ${quoteText(path)}: ${content.message}`);
    return null;
  }

  #at(path: string): Cursor {
    return new Cursor(this.#scope, path, path);
  }
}

function kindOf(kind: typeof MANIFEST_KINDS[number]): ResourceKind {
  switch (kind) {
    case "Service":
      return "service";
    case "Secret":
      return "secret";
    case "Config":
      return "config";
    case "Volume":
      return "volume";
  }
}

function scalarText(tree: Tree): string | undefined {
  return tree.kind === "scalar" ? tree.text : undefined;
}

/** `path` beside the manifest file; standard input is where the command runs. */
function resolvePath(manifest: string, path: string): string {
  if (path.startsWith("/")) return path;
  const slash = manifest.lastIndexOf("/");
  return slash === -1 ? path : `${manifest.slice(0, slash + 1)}${path}`;
}
