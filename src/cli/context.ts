/**
 * What a running command has at hand: its arguments and flags, the output form, the connection to the
 * cluster, and Ctrl-C.
 *
 * Made by `program.ts` for one command line. The connection and the signal handler come into being when
 * they are first asked for, so that `version` pays for neither.
 */
import { assert, type WarrenError } from "../lib/mod.ts";
import type { Client } from "../client/mod.ts";
import type { CliIo } from "./io.ts";
import { filterRows } from "./output/filter.ts";
import { type ListView, type OutputForm, renderList, renderObject } from "./output/render.ts";
import { type Paint, paintFor } from "./output/style.ts";
import { usageError } from "./parse/usage.ts";
import type { FlagValues } from "./parse/values.ts";

/** Patience for one request, unless `--timeout` says otherwise. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Patience for what a command waits for, unless `--timeout` says otherwise. */
export const WAIT_TIMEOUT_MS = 300_000;

/** One command line being run. */
export class CommandContext implements AsyncDisposable {
  readonly io: CliIo;
  readonly flags: FlagValues;
  readonly args: readonly string[];
  /** Words after `--`; `null` when there was none. */
  readonly rest: readonly string[] | null;
  #client: Promise<Client> | null = null;
  #interrupt: Interrupt | null = null;

  /** Nothing is opened yet. */
  constructor(io: CliIo, line: Pick<CommandContext, "flags" | "args" | "rest">) {
    this.io = io;
    this.flags = line.flags;
    this.args = line.args;
    this.rest = line.rest;
  }

  /** A positional argument that parsing made sure of. */
  arg(at: number): string {
    const value = this.args[at];
    assert(value !== undefined, `argument ${at} is declared and required`);
    return value;
  }

  /** Form of the result. */
  get form(): OutputForm {
    switch (this.flags.text("output")) {
      case "wide":
        return "wide";
      case "json":
        return "json";
      case "yaml":
        return "yaml";
      case "name":
        return "name";
      default:
        return "table";
    }
  }

  /** Whether a program reads the output, or nobody wants to hear more than ids. */
  get isQuiet(): boolean {
    return this.flags.isOn("quiet") || this.form === "json" || this.form === "yaml";
  }

  /** Whether ids and texts are shortened. */
  get isTruncating(): boolean {
    return !this.flags.isOn("no-trunc");
  }

  /** Cells that a line of stdout has; `null` without a terminal or with --no-trunc. */
  get columns(): number | null {
    return this.io.isTerminal("stdout") && this.isTruncating ? this.io.size().columns : null;
  }

  /** `--timeout`, or `otherwiseMs`. @throws WarrenError USAGE for a time in which nothing can be done */
  timeoutMs(otherwiseMs: number = REQUEST_TIMEOUT_MS): number {
    const givenMs = this.flags.durationMs("timeout");
    if (givenMs === 0) throw usageError('Bad value "0" for --timeout', "give at least 1ms");
    return givenMs ?? otherwiseMs;
  }

  /** Colours of stdout. */
  get paint(): Paint {
    return paintFor(this.io, "stdout");
  }

  /** Whether what the asked manager knows will do: --stale. */
  get isStale(): boolean {
    return this.flags.isOn("stale");
  }

  /** Wall time in milliseconds, for ages. */
  get nowMs(): number {
    return this.io.clock.wallNow();
  }

  /** The result, or a part of it. */
  print(text: string): void {
    this.io.write("stdout", text);
  }

  /** A message for people; not said when a program reads the output. */
  note(line: string): void {
    if (!this.isQuiet) this.io.write("stderr", `${line}\n`);
  }

  /** A list in the form that was asked for, filtered. */
  async printList<Row>(rows: readonly Row[], view: ListView<Row>): Promise<void> {
    const filters = view.filters === undefined ? [] : this.flags.all("filter");
    const shown = filterRows(rows, filters, view.filters ?? {});
    this.print(
      await renderList(shown, view, {
        form: this.form,
        isQuiet: this.flags.isOn("quiet"),
        columns: this.columns,
        paint: this.paint,
      }),
    );
  }

  /** One object: `text` for people, `json` for programs, `id` with `-q`, `name` with `-o name`. */
  async printObject(
    object: {
      readonly id: string;
      readonly name: string;
      readonly json: unknown;
      readonly text: () => string;
    },
  ): Promise<void> {
    this.print(await renderObject(object, this.form, this.flags.isOn("quiet")));
  }

  /** The connection to the cluster; opened on the first call. */
  client(): Promise<Client> {
    this.#client ??= this.#connect();
    return this.#client;
  }

  /** Aborted by the first Ctrl-C; a second one ends the process. */
  get interrupted(): AbortSignal {
    this.#interrupt ??= new Interrupt();
    return this.#interrupt.signal;
  }

  async #connect(): Promise<Client> {
    const { connectClient } = await import("./connect.ts");
    const onRetry = ({ reason }: WarrenError) => {
      const what = reason === "NO_LEADER" ? "no leader" : "no answer";
      if (this.io.isTerminal("stderr")) this.note(`${what}, trying again…`);
    };
    return connectClient({
      host: this.flags.text("host"),
      timeoutMs: this.timeoutMs(),
      onRetry,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#interrupt?.stop();
    // A connection that never came to be has nothing to close; its error was reported.
    const client = await this.#client?.catch(() => null);
    client?.close();
  }
}

/** Ctrl-C and SIGTERM as one abort signal. */
class Interrupt {
  readonly #abort = new AbortController();

  constructor() {
    Deno.addSignalListener("SIGINT", this.#onSignal);
    Deno.addSignalListener("SIGTERM", this.#onSignal);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  stop(): void {
    Deno.removeSignalListener("SIGINT", this.#onSignal);
    Deno.removeSignalListener("SIGTERM", this.#onSignal);
  }

  readonly #onSignal = (): void => {
    if (this.#abort.signal.aborted) Deno.exit(130);
    this.#abort.abort(new DOMException("interrupted", "AbortError"));
  };
}
