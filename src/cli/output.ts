import * as NodeSink from "@effect/platform-node/NodeSink"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { randomBytes } from "node:crypto"
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

/**
 * Prints a value as one JSON document.
 */
export const printJson = <A, I>(schema: Schema.Schema<A, I>, value: A): Effect.Effect<void> =>
  Schema.encode(Schema.parseJson(schema, { space: 2 }))(value).pipe(Effect.orDie, Effect.flatMap(Console.log))

/**
 * Counts what passes, on standard error, when somebody watches a terminal.
 */
export const showProgress = <A, E, R>(items: Stream.Stream<A, E, R>, what: string): Stream.Stream<A, E, R> =>
  Stream.suspend(() => {
    const { stderr, stdout } = process
    if (!stderr.isTTY || stdout.isTTY) return items
    let count = 0
    return items.pipe(
      Stream.tap(() => Effect.sync(() => stderr.write(`\r${++count} ${what}`))),
      Stream.ensuring(Effect.sync(() => count > 0 && stderr.write("\n")))
    )
  })

/**
 * A file that an export was to be written to, and was not.
 */
export class FileNotWritten
  extends Data.TaggedError("FileNotWritten")<{ readonly path: string; readonly reason: string }>
{
  override get message(): string {
    return `${this.path} cannot be written: ${this.reason}`
  }
}

/**
 * Writes a file that its owner alone may read. It appears whole, or not at all. Fails when there is something of that name,
 * a link too, unless `force` is to put the file in its place.
 */
export const writeFile = Effect.fnUntraced(function*<E, R>(
  path: string,
  texts: Stream.Stream<string, E, R>,
  { force }: { readonly force: boolean }
) {
  const fs = yield* FileSystem.FileSystem
  const refuse = (reason: string) => new FileNotWritten({ path, reason })
  const refused = <A, R>(effect: Effect.Effect<A, PlatformError, R>) =>
    Effect.mapError(effect, (error) => refuse(isTaken(error) ? taken : error.message))

  if (path.includes("\0")) return yield* refuse("its name holds a NUL character")
  if (!force && (yield* refused(fs.exists(path)))) return yield* refuse(taken)
  const draft = `${path}.${randomBytes(8).toString("hex")}.part`
  yield* Effect.gen(function*() {
    const file = yield* refused(fs.open(draft, { flag: "wx", mode: 0o600 }))
    yield* Stream.runForEach(Stream.encodeText(texts), (bytes) => refused(file.writeAll(bytes)))
    yield* refused(file.sync)
    // A link to a finished file appears at once, and fails where there is anything of its name.
    yield* refused(force ? fs.rename(draft, path) : fs.link(draft, path))
  }).pipe(Effect.scoped, Effect.ensuring(Effect.ignore(fs.remove(draft))))
})

const taken = "there is such a file; choose another name, or add --force"

const isTaken = (error: PlatformError) => error._tag === "SystemError" && error.reason === "AlreadyExists"

/**
 * Writes texts to standard output, as fast as it is read.
 */
export const writeOutput = <E, R>(
  texts: Stream.Stream<string, E, R>
): Effect.Effect<void, E | PlatformError, Exclude<R, Scope.Scope>> => Stream.run(texts, NodeSink.stdout)
