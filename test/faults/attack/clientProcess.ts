import { Command, FileSystem } from "@effect/platform"
import { Deferred, Effect, Mailbox, Stream } from "effect"
import { compileProgram } from "../compileProgram.js"

const compiled = new Map<string, Effect.Effect<string>>()

/** Each program is compiled once. */
const compile = (entryPoint: URL) => {
  const program = compiled.get(entryPoint.href) ?? Effect.runSync(Effect.cached(compileProgram(entryPoint)))
  compiled.set(entryPoint.href, program)
  return program
}

/**
 * Starts a client in a process of its own, so that what the test does costs it nothing. It ends with the scope. `nextLine` is what
 * it prints next; `stop` ends its input, which asks it to stop.
 */
export const startClient = Effect.fnUntraced(function*(entryPoint: URL, ...args: ReadonlyArray<string>) {
  const files = yield* FileSystem.FileSystem
  const script = yield* files.makeTempFileScoped({ suffix: ".mjs" })
  yield* files.writeFileString(script, yield* compile(entryPoint))
  const stopping = yield* Deferred.make<void>()
  const child = yield* Command.start(
    Command.make(process.execPath, script, ...args).pipe(
      Command.stdin(Stream.drain(Stream.fromEffect(Deferred.await(stopping)))),
      Command.stderr("inherit")
    )
  )
  const lines = yield* Mailbox.fromStream(Stream.splitLines(Stream.decodeText(child.stdout)))
  return { nextLine: lines.take, stop: Deferred.succeed(stopping, undefined) }
})
