import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createInterface } from "node:readline"

/**
 * The lines of standard input: typed with editing and history at a terminal, read as they come from a pipe. Ends at the end
 * of input; Ctrl-C at a terminal interrupts, as it does elsewhere.
 */
export const inputLines: Stream.Stream<string> = Stream.asyncPush<string>((emit) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const terminal = process.stdin.isTTY && process.stdout.isTTY
      const lines = createInterface({ input: process.stdin, output: process.stderr, terminal, prompt: "" })
      lines.on("line", (line) => emit.single(line))
      lines.on("close", () => emit.end())
      lines.on("SIGINT", () => process.kill(process.pid, "SIGINT"))
      return lines
    }),
    (lines) => Effect.sync(() => lines.close())
  ), { bufferSize: "unbounded" })
