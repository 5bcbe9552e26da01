/**
 * The standard reflection service, in its two versions, from descriptors that are built in.
 *
 * Generic clients learn from it which services there are. It tells of those that were added to the
 * server, and of nothing that depends on data.
 */
import { PROTO_FILES, type ProtoFile } from "../gen/descriptors.ts";
import {
  type ServerReflectionRequest,
  type ServerReflectionResponse,
  ServerReflectionService,
} from "../gen/grpc/reflection/v1/reflection.ts";
import { type AnyService, type BidiHandler, serve, type ServedService } from "../handler.ts";
import { GRPC_CODES } from "../status.ts";

type Answer = NonNullable<ServerReflectionResponse["messageResponse"]>;
type Handler = BidiHandler<ServerReflectionRequest, ServerReflectionResponse>;

/** Both versions of the service for a server that has the services named (full names). */
export function reflectionServices(serviceNames: readonly string[]): readonly ServedService[] {
  const handler: Handler = async (requests, call) => {
    for await (const request of requests) {
      await call.write({
        validHost: request.host,
        originalRequest: request,
        messageResponse: answer(request, serviceNames),
      });
    }
  };
  return [
    serve(ServerReflectionService, { serverReflectionInfo: handler }),
    // The older version has the same messages under another name.
    serve(renamed(ServerReflectionService), { serverReflectionInfo: handler }),
  ];
}

/** The full names of services that are added to a server: `warren.v1.TaskService`. */
export function namesOfServed(services: readonly ServedService[]): readonly string[] {
  const names = services.flatMap(({ methods }) =>
    methods.map(({ definition }) => definition.path.split("/")[1] ?? "")
  );
  return [...new Set(names)];
}

function renamed<Service extends AnyService>(service: Service): Service {
  const entries = Object.entries(service).map(([name, method]) => {
    return [name, { ...method, path: method.path.replace(".v1.", ".v1alpha.") }];
  });
  return Object.fromEntries(entries);
}

function answer(request: ServerReflectionRequest, serviceNames: readonly string[]): Answer {
  const asked = request.messageRequest;
  switch (asked?.$case) {
    case "listServices": {
      const service = [...serviceNames].sort().map((name) => ({ name }));
      return { $case: "listServicesResponse", value: { service } };
    }
    case "fileByFilename":
      return fileAnswer(asked.value, (file) => file.name === asked.value);
    case "fileContainingSymbol":
      return fileAnswer(asked.value, (file) => file.symbols.includes(asked.value));
    case "allExtensionNumbersOfType":
      return notFound(`"${asked.value}" has no extensions`);
    case "fileContainingExtension":
      return notFound(`"${asked.value.containingType}" has no extensions`);
    case undefined: {
      const value = { errorCode: GRPC_CODES.INVALID_ARGUMENT, errorMessage: "nothing was asked" };
      return { $case: "errorResponse", value };
    }
  }
}

function fileAnswer(name: string, matches: (file: ProtoFile) => boolean): Answer {
  const found = PROTO_FILES.find(matches);
  if (!found) return notFound(`"${name}" is not declared here`);
  const files = [found, ...dependencies(found)];
  const fileDescriptorProto = files.map((file) => Buffer.from(file.base64, "base64"));
  return { $case: "fileDescriptorResponse", value: { fileDescriptorProto } };
}

/** Every file that `file` imports, directly or not, each once. */
function dependencies(file: ProtoFile): readonly ProtoFile[] {
  const found = new Set<ProtoFile>();
  const visit = ({ dependencies }: ProtoFile) => {
    for (const name of dependencies) {
      const next = PROTO_FILES.find((candidate) => candidate.name === name);
      if (!next || found.has(next)) continue;
      found.add(next);
      visit(next);
    }
  };
  visit(file);
  return [...found];
}

function notFound(errorMessage: string): Answer {
  return { $case: "errorResponse", value: { errorCode: GRPC_CODES.NOT_FOUND, errorMessage } };
}
