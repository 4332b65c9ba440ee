import { Command } from "@effect/platform"
import type { CommandExecutor } from "@effect/platform"
import type { PlatformError } from "@effect/platform/Error"
import { Deferred, Effect, Option, Stream, SubscriptionRef } from "effect"
import { main } from "./compile.js"

/**
 * The command as a process.
 */
export const langswarmSession = (...args: ReadonlyArray<string>): Command.Command => Command.make("node", main, ...args)

export interface Output {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a command to its end, with `input` on its standard input.
 */
export const run = (
  command: Command.Command,
  input = ""
): Effect.Effect<Output, PlatformError, CommandExecutor.CommandExecutor> =>
  Effect.scoped(Effect.gen(function*() {
    const process = yield* Command.start(Command.feed(command, input))
    const [stdout, stderr, exitCode] = yield* Effect.all([
      Stream.mkString(Stream.decodeText(process.stdout)),
      Stream.mkString(Stream.decodeText(process.stderr)),
      process.exitCode
    ], { concurrency: "unbounded" })
    return { exitCode, stdout, stderr }
  }))

/**
 * A server as a process, on a free port. `said` waits for a match in its output. It is killed when the scope closes.
 */
export const startServer = Effect.fnUntraced(function*(dataDir: string, ...options: ReadonlyArray<string>) {
  const port = options.includes("--port") ? [] : ["--port", "0"]
  const process = yield* Command.start(langswarmSession("serve", ...port, "--data-dir", dataDir, ...options))
  const output = yield* SubscriptionRef.make<ReadonlyArray<string>>([])
  const ended = yield* Deferred.make<never, string>()
  yield* Stream.merge(process.stdout, process.stderr).pipe(
    Stream.decodeText(),
    Stream.splitLines,
    Stream.runForEach((line) => SubscriptionRef.update(output, (lines) => [...lines, line])),
    Effect.ensuring(Effect.flatMap(output, (lines) => Deferred.fail(ended, `the server ended: ${lines.join("\n")}`))),
    Effect.forkScoped
  )
  const said = (pattern: RegExp) =>
    output.changes.pipe(
      Stream.filterMap((lines) => Option.fromNullable(pattern.exec(lines.join("\n"))?.[1])),
      Stream.runHead,
      Effect.flatten,
      Effect.raceFirst(Deferred.await(ended))
    )
  const url = yield* said(/listening on (http:\S+)/)
  return { process, said, url, flags: ["--url", url, "--data-dir", dataDir] }
})
