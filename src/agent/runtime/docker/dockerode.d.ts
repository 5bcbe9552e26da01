/**
 * The part of dockerode that Warren uses, typed: the package has no types of its own.
 *
 * Answers are `unknown`; `parse.ts` reads them. Only `http.ts` imports this.
 */

/** A response body or an upgraded socket, as dockerode hands it out. */
export interface EngineStream extends AsyncIterable<Uint8Array> {
  write(data: Uint8Array, done: (error?: Error | null) => void): boolean;
  end(done: () => void): void;
  destroy(): void;
  on(event: "error", listener: (error: Error) => void): void;
}

/** One request as docker-modem takes it. */
export interface DialOptions {
  /** Ends with `?` when `options` are to become the query of a request without a body. */
  readonly path: string;
  readonly method: "GET" | "POST" | "DELETE" | "HEAD";
  /** Query, or with POST the JSON body unless split into `_query` and `_body`. */
  readonly options?: Readonly<Record<string, unknown>>;
  readonly statusCodes: Readonly<Record<number, true | string>>;
  readonly isStream?: boolean;
  readonly hijack?: boolean;
  readonly openStdin?: boolean;
  readonly abortSignal?: AbortSignal;
}

/** What dockerode's own methods are built on. */
export interface Modem {
  dial(options: DialOptions, done: (error: unknown, answer: unknown) => void): void;
}

/** Where the engine listens. */
export interface DockerOptions {
  readonly socketPath?: string;
  readonly protocol?: "http" | "https";
  readonly host?: string;
  readonly port?: number;
}

export default class Docker {
  constructor(options: DockerOptions);
  readonly modem: Modem;
}
