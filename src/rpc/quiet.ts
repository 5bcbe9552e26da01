/**
 * Keeps grpc-js from writing to the console by itself: what matters reaches the caller as an error.
 *
 * Imported for its effect by the server and the channel. Lines of another form would break readers
 * of the daemon's log and of a command's output.
 */
import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";

setLogVerbosity(logVerbosity.NONE);
