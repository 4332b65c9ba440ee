import * as NodeSink from "@effect/platform-node/NodeSink"
import { type PlatformError, SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { randomBytes } from "node:crypto"
import { Page } from "../domain/Page.js"
import { fileProblem } from "../services/internal/fileProblem.js"
import { note, print, Streams } from "./Streams.js"
import { visibleJson } from "./text.js"

/**
 * Prints a value as one JSON document.
 */
export const printJson = <A, I>(schema: Schema.Schema<A, I>, value: A): Effect.Effect<void, never, Streams> =>
  Schema.encode(Schema.parseJson(schema, { space: 2 }))(value).pipe(Effect.orDie, Effect.flatMap(printEncoded))

/**
 * Prints JSON. On a terminal, characters that it would interpret are escaped; the value stays the same.
 */
export const printEncoded = (json: string): Effect.Effect<void, never, Streams> =>
  Effect.flatMap(Streams, ({ stdout }) => print(stdout.isTTY === true ? visibleJson(json) : json))

/**
 * The same on standard error.
 */
export const noteJson = (json: string): Effect.Effect<void, never, Streams> =>
  Effect.flatMap(Streams, ({ stderr }) => note(stderr.isTTY === true ? visibleJson(json) : json))

/**
 * Prints a page of a list: as JSON, or a line an item, with a note that says how to print the next page.
 */
export const printPage = Effect.fnUntraced(function*<A, I>(
  { item, json, none, page, toLine }: {
    readonly page: Page<A>
    readonly item: Schema.Schema<A, I>
    readonly json: boolean
    readonly toLine: (item: A) => string
    /** Noted when there are no items at all. */
    readonly none?: string
  }
) {
  if (json) return yield* printJson(Page(item), page)
  if (page.items.length === 0 && page.next === undefined && none !== undefined) yield* note(none)
  yield* printItems(page.items, toLine)
  if (page.next !== undefined) yield* note(`(more: --cursor ${page.next})`)
})

/**
 * Prints one item a line. Further lines of an item are indented, so that no stored text can pass for an item.
 */
export const printItems = <A>(items: Iterable<A>, toLine: (item: A) => string): Effect.Effect<void, never, Streams> =>
  Effect.forEach(items, (item) => print(toLine(item).replaceAll("\n", "\n    ")), { discard: true })

/**
 * Counts what passes on standard error, where that is a terminal and the output is not.
 */
export const showProgress = <A, E, R>(
  items: Stream.Stream<A, E, R>,
  verb: string
): Stream.Stream<A, E, R | Streams> =>
  Stream.unwrap(Effect.map(Streams, ({ stderr, stdout }) => {
    if (stderr.isTTY !== true || stdout.isTTY === true) return items
    let count = 0
    return items.pipe(
      Stream.tap(() => Effect.sync(() => stderr.write(`\r${++count} ${verb}`))),
      Stream.ensuring(Effect.sync(() => count > 0 && stderr.write("\n")))
    )
  }))

/**
 * A file could not be written.
 */
export class FileNotWritten
  extends Data.TaggedError("FileNotWritten")<{ readonly path: string; readonly reason: string }>
{
  override get message(): string {
    return `${this.path} cannot be written: ${this.reason}`
  }
}

/**
 * Writes a file that only its owner may read. It appears whole or not at all. Fails with `FileNotWritten` when the name is
 * taken, by a link too, unless `force` replaces what is there.
 */
export const writeFile = Effect.fnUntraced(function*<E, R>(
  path: string,
  texts: Stream.Stream<string, E, R>,
  { force }: { readonly force: boolean }
) {
  const fs = yield* FileSystem.FileSystem
  const refuse = (reason: string) => new FileNotWritten({ path, reason })
  const refused = <A, R>(effect: Effect.Effect<A, PlatformError, R>) =>
    Effect.mapError(effect, (error) => refuse(isTaken(error) ? taken : `it ${fileProblem(error)}`))

  if (path.includes("\0")) return yield* refuse("its name contains a NUL character")
  if (!force && (yield* refused(fs.exists(path)))) return yield* refuse(taken)
  const draft = `${path}.${randomBytes(8).toString("hex")}.part`
  yield* Effect.gen(function*() {
    const file = yield* refused(fs.open(draft, { flag: "wx", mode: 0o600 }))
    yield* Stream.runForEach(Stream.encodeText(texts), (bytes) => refused(file.writeAll(bytes)))
    yield* refused(file.sync)
    // A hard link appears at once, and fails when the name is taken.
    yield* refused(force ? fs.rename(draft, path) : fs.link(draft, path))
  }).pipe(Effect.scoped, Effect.ensuring(Effect.ignore(fs.remove(draft))))
})

const taken = "it exists already; choose another name, or replace it with --force"

const isTaken = (error: PlatformError) => error._tag === "SystemError" && error.reason === "AlreadyExists"

/**
 * Writes texts to standard output, as fast as they are read. On a terminal, each is what `toVisible` makes of it.
 */
export const writeOutput = <E, R>(
  texts: Stream.Stream<string, E, R>,
  toVisible: (text: string) => string
): Effect.Effect<void, E | PlatformError, Exclude<R, Scope.Scope> | Streams> =>
  Effect.flatMap(
    Streams,
    ({ stdout }) =>
      Stream.run(
        stdout.isTTY === true ? Stream.map(texts, toVisible) : texts,
        NodeSink.fromWritable(() => stdout, toWriteError, { endOnDone: false })
      )
  )

const toWriteError = (cause: unknown) =>
  new SystemError({ module: "Stream", method: "stdout", reason: "Unknown", cause })
