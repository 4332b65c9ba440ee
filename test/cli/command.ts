import { Command } from "@effect/platform"
import type { CommandExecutor } from "@effect/platform"
import type { PlatformError } from "@effect/platform/Error"
import { Deferred, Effect, Stream } from "effect"

const main = new URL("../../src/cli/main.ts", import.meta.url).pathname

/**
 * The command line, as a shell would run it.
 */
export const langswarmSession = (...args: ReadonlyArray<string>): Command.Command =>
  Command.make("node", "--import", "tsx", main, ...args)

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
 * A server on a free port. `url` and `flags` tell how to reach it; it is killed with the scope if it still runs.
 */
export const startServer = Effect.fnUntraced(function*(dataDir: string) {
  const process = yield* Command.start(langswarmSession("serve", "--port", "0", "--data-dir", dataDir))
  const url = yield* Deferred.make<string, string>()
  yield* Stream.merge(process.stdout, process.stderr).pipe(
    Stream.decodeText(),
    Stream.splitLines,
    Stream.runForEach((line) => {
      const found = /listening on (http:\S+)/.exec(line)?.[1]
      return found === undefined ? Effect.void : Deferred.succeed(url, found)
    }),
    Effect.ensuring(Deferred.fail(url, "the server ended before it listened")),
    Effect.forkScoped
  )
  const address = yield* Deferred.await(url)
  return { process, url: address, flags: ["--url", address, "--data-dir", dataDir] }
})
