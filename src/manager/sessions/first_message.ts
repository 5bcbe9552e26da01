/**
 * The first message of a stream that a caller opened, which says what the stream is for.
 *
 * Used by sessions and relays. A caller that says nothing does not keep its call open, since calls are
 * bounded and others need them.
 */
import { type Clock, WarrenError } from "../../lib/mod.ts";

/** Time a caller has to say something. */
const FIRST_MESSAGE_MS = 10_000;

/** The first of `messages`. @throws WarrenError BAD_REQUEST when it does not come in time. */
export async function firstMessage<Message>(
  clock: Clock,
  messages: AsyncIterator<Message, undefined>,
): Promise<IteratorResult<Message, undefined>> {
  const late = Promise.withResolvers<never>();
  const cancel = clock.after(FIRST_MESSAGE_MS, () => {
    late.reject(new WarrenError("BAD_REQUEST", "Nothing was said on the stream"));
  });
  try {
    return await Promise.race([messages.next(), late.promise]);
  } finally {
    cancel();
  }
}
