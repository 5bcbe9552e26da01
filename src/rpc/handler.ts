/**
 * How a service is implemented: one plain async function per method, typed from its definition.
 *
 * `serve` pairs a generated service definition with its functions; the server adapts them to
 * grpc-js. Handlers throw `WarrenError` for what the caller should know; they see neither streams
 * nor callbacks.
 */
import type { MethodDefinition } from "@grpc/grpc-js";

/** What a handler knows of the call it serves. */
export interface RpcCall {
  /** `ServiceService/CreateService`. */
  readonly method: string;
  /** Address of the caller, or "local" on a Unix socket. */
  readonly peer: string;
  /** Given by the caller so that a repeated call is carried out once; "" when not given. */
  readonly requestId: string;
  /** Whether another manager sent it on: it is then not sent on again. */
  readonly isForwarded: boolean;
  /** Aborted when the caller goes away, its deadline passes or the server stops. */
  readonly signal: AbortSignal;
}

/** A call that answers with a stream. */
export interface StreamCall<Response> extends RpcCall {
  /**
   * Sends one message; settles when there is room for the next one. An error that the handler
   * throws later may overtake what its caller has not read yet.
   *
   * @throws WarrenError ABORTED_BY_USER and the like, once the call's signal is aborted.
   */
  write(response: Response): Promise<void>;
}

/** The form that any generated method definition has. */
interface AnyMethod {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

/** A generated service definition. */
export type AnyService = Readonly<Record<string, AnyMethod>>;

/** The request type of a generated method. */
export type RequestOf<Method> = Method extends { requestDeserialize(value: Buffer): infer Request }
  ? Request
  : never;

/** The response type of a generated method. */
export type ResponseOf<Method> = Method extends
  { responseDeserialize(value: Buffer): infer Response } ? Response : never;

/** One request, one response; throwing and rejecting are the same. */
export type UnaryHandler<Request, Response> = (
  request: Request,
  call: RpcCall,
) => Promise<Response> | Response;

/** One request, many responses. */
export type StreamHandler<Request, Response> = (
  request: Request,
  call: StreamCall<Response>,
) => Promise<void>;

/** Many of both; the requests end when the caller has sent its last one. */
export type BidiHandler<Request, Response> = (
  requests: AsyncIterable<Request>,
  call: StreamCall<Response>,
) => Promise<void>;

/** The handler that a method needs. */
export type HandlerOf<Method> = Method extends { requestStream: true; responseStream: true }
  ? BidiHandler<RequestOf<Method>, ResponseOf<Method>>
  : Method extends { responseStream: true } ? StreamHandler<RequestOf<Method>, ResponseOf<Method>>
  : UnaryHandler<RequestOf<Method>, ResponseOf<Method>>;

/** A handler for each method of a service. */
export type Handlers<Service extends AnyService> = {
  readonly [Name in keyof Service]: HandlerOf<Service[Name]>;
};

/** One method with its handler, its types erased. */
export interface ServedMethod {
  readonly name: string;
  readonly definition: MethodDefinition<unknown, unknown>;
  readonly handler: (request: unknown, call: StreamCall<unknown>) => unknown;
}

/** A service ready to be added to a server. */
export interface ServedService {
  readonly methods: readonly ServedMethod[];
}

/** Pairs a generated definition with its handlers. */
export function serve<Service extends AnyService>(
  definition: Service,
  handlers: Handlers<Service>,
): ServedService {
  const methods = Object.entries(definition).map(([name, method]) =>
    parseMethod(name, method, handlers)
  );
  return { methods };
}

/** Where the types are erased: `Handlers` has already tied each function to its method. */
function parseMethod(name: string, method: AnyMethod, handlers: object): ServedMethod {
  const handler = Reflect.get(handlers, name) as ServedMethod["handler"];
  return { name, definition: method as MethodDefinition<unknown, unknown>, handler };
}
