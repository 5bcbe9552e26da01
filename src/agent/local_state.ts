/**
 * What the agent remembers over a restart of itself or of the machine: assignments and task states.
 *
 * Written a moment after a change, all at once; never with the data of secrets or configs. What is
 * lost by a crash within that moment is found again on the runtime, whose word counts anyway.
 */
import { type Clock, type Log, sleep, Waker, WarrenError } from "../lib/mod.ts";
import { readIfThere, writeAtomically } from "./files/atomic_file.ts";
import { withoutData } from "./task/assignment.ts";
import type { RememberedTask } from "./task/task_runner.ts";

/** What is kept. */
export interface LocalState {
  /** Changes with every start of the machine. */
  readonly bootId: string;
  readonly tasks: readonly (RememberedTask & { readonly sequence: number })[];
}

/** Keeps the state between runs. */
export interface StateStore {
  /** Undefined at the first start, or when it cannot be read: the runtime knows what runs. */
  load(): Promise<LocalState | undefined>;
  save(state: LocalState): Promise<void>;
}

/** A change is written this much later, with what else changed until then. */
const SAVE_DELAY_MS = 200;
/** Pause before a failed write is tried again. */
const RETRY_DELAY_MS = 5_000;
const FIELDS = { component: "agent" } as const;
const FORMAT = 1;

/** The state as a file in `folder`, which must exist. */
export function fileState(folder: string, log: Log): StateStore {
  const path = `${folder}/state.json`;
  return {
    async load() {
      const text = await readIfThere(path);
      if (text === undefined) return undefined;
      const state = parseState(text);
      if (state) return state;
      await Deno.rename(path, `${path}.bad`);
      log.warn("the agent's memory cannot be read and is put aside", { component: "agent", path });
      return undefined;
    },
    save: ({ bootId, tasks }) =>
      writeAtomically(
        path,
        JSON.stringify({ format: FORMAT, bootId, tasks: tasks.map(forgetful) }),
      ),
  };
}

function forgetful(task: LocalState["tasks"][number]): LocalState["tasks"][number] {
  return { ...task, assignment: withoutData(task.assignment) };
}

/** Files are ours and written whole, so a good form is taken at its word. */
function parseState(text: string): LocalState | undefined {
  try {
    const value = JSON.parse(text) as LocalState & { readonly format: number };
    const isGood = value.format === FORMAT && Array.isArray(value.tasks) &&
      value.tasks.every((task) => typeof task.assignment.id === "string" && task.local !== null);
    return isGood ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Saves what `collect` gives whenever `note` was called, until stopped; then once more. */
export class StateSaver {
  #isDirty = false;
  #trouble = "";
  readonly #waker = new Waker();

  constructor(
    readonly store: StateStore,
    readonly collect: () => LocalState,
    readonly parts: { readonly clock: Clock; readonly log: Log },
  ) {}

  /** Why the last try to save failed, or "". */
  get trouble(): string {
    return this.#trouble;
  }

  /** Something changed. */
  note(): void {
    this.#isDirty = true;
    this.#waker.wake();
  }

  /** Saves until aborted, and what is unsaved then. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.parts;
    while (!signal.aborted) {
      if (!this.#isDirty) await this.#waker.wait({ clock, delayMs: Infinity, signal });
      const delayMs = this.#trouble === "" ? SAVE_DELAY_MS : RETRY_DELAY_MS;
      await sleep(clock, delayMs, signal).catch(() => {});
      if (this.#isDirty) await this.#save();
    }
    if (this.#isDirty) await this.#save();
  }

  /** What cannot be saved stays to be saved: a full disk may have room again later. */
  async #save(): Promise<void> {
    this.#isDirty = false;
    try {
      await this.store.save(this.collect());
      if (this.#trouble !== "") this.parts.log.info("the agent's memory is saved again", FIELDS);
      this.#trouble = "";
    } catch (thrown) {
      this.#isDirty = true;
      const { message } = WarrenError.from(thrown, "Cannot save the agent's memory");
      if (message === this.#trouble) return;
      this.#trouble = message;
      this.parts.log.error("the agent's memory was not saved", { ...FIELDS, error: message });
    }
  }
}

/** The state in memory, for tests and the simulator. */
export function memoryState(): StateStore {
  let saved: string | undefined;
  return {
    load: () => Promise.resolve(saved === undefined ? undefined : parseState(saved)),
    save: (state) => {
      saved = JSON.stringify({ format: FORMAT, ...state, tasks: state.tasks.map(forgetful) });
      return Promise.resolve();
    },
  };
}

/** What the kernel calls this start of the machine; "" where it does not say. */
export async function readBootId(): Promise<string> {
  const path = "/proc/sys/kernel/random/boot_id";
  return (await Deno.readTextFile(path).catch(() => "")).trim();
}
