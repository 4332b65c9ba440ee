import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { createInterface } from "node:readline"

/**
 * The lines of standard input: asked for one by one at a terminal, with editing and history, and read as they come from a
 * pipe. Ends at the end of input; Ctrl-C at a terminal interrupts, as it does elsewhere.
 */
export const inputLines: Stream.Stream<string> = Stream.unwrapScoped(Effect.gen(function*() {
  const lines = yield* Mailbox.make<string>()
  const terminal = process.stdin.isTTY && process.stderr.isTTY
  const reader = yield* Effect.acquireRelease(
    Effect.sync(() => createInterface({ input: process.stdin, output: process.stderr, terminal, prompt: "> " })),
    (reader) => Effect.sync(() => reader.close())
  )
  reader.on("line", (line) => lines.unsafeOffer(line))
  reader.on("close", () => lines.unsafeDone(Exit.void))
  reader.on("SIGINT", () => process.kill(process.pid, "SIGINT"))

  const prompt = Effect.sync(() => {
    if (terminal) reader.prompt()
  })
  return Stream.repeatEffectOption(Effect.mapError(Effect.zipRight(prompt, lines.take), Option.none<never>))
}))
