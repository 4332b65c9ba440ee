import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { Context, Effect, Layer, Option, type ParseResult, Schema } from "effect"
import { MemorySessionStore } from "langswarm-session"
import { defineStoreKind } from "langswarm-session/registry"
import {
  DeadLetter,
  Epoch,
  SessionChangesFromJson,
  SessionContext,
  SessionDeletion,
  SessionExport,
  SessionId,
  SessionInfo,
  SessionStore,
  StoreError,
  UsageEntry,
  UserId
} from "langswarm-session/store"

const Entry = Schema.parseJson(Schema.Tuple(Schema.String, Schema.Unknown))

const failed = (reason: "Corrupt" | "Unavailable" | "Unknown", detail: string) => new StoreError({ reason, detail })

/**
 * A store in memory with a journal on disk. Each write is one line, which is on disk before the write happens. Opening the
 * store repeats all writes; one that was refused is refused again.
 */
const open = Effect.fnUntraced(function*(filename: string) {
  const memory = Context.get(yield* Layer.build(MemorySessionStore.layer({ maxSessions: 1e6 })), SessionStore)
  const files = yield* FileSystem.FileSystem
  const journal = yield* files.open(filename, { flag: "a+", mode: 0o600 })
  const oneAtATime = yield* Effect.makeSemaphore(1)
  const replays = new Map<string, (args: unknown) => Effect.Effect<unknown, ParseResult.ParseError>>()
  let isBroken = false

  // A line that was written in part would spoil the next one, so a failed write closes the store until it is opened again.
  const append = (line: string) =>
    Effect.suspend(() =>
      isBroken ? failed("Unavailable", "the journal could not be written; open it again") : Effect.void
    ).pipe(
      Effect.zipRight(journal.writeAll(bytes(line))),
      Effect.zipRight(journal.sync),
      Effect.catchTags({
        BadArgument: ({ message }) => failed("Unknown", message),
        SystemError: ({ reason }) => failed("Unknown", reason)
      }),
      Effect.tapError(() => Effect.sync(() => isBroken = true))
    )

  const write = <Args extends Array<unknown>, I, A, E>(
    name: string,
    args: Schema.Schema<Args, I>,
    run: (...args: Args) => Effect.Effect<A, E>
  ) => {
    replays.set(name, (json) => Effect.flatMap(Schema.decodeUnknown(args)(json), (args) => Effect.exit(run(...args))))
    return (...given: Args): Effect.Effect<A, E | StoreError> =>
      Schema.encode(args)(given).pipe(
        Effect.flatMap((json) => Schema.encode(Entry)([name, json])),
        Effect.orDie,
        Effect.flatMap((line) => append(`${line}\n`)),
        Effect.zipRight(Effect.suspend(() => run(...given))),
        oneAtATime.withPermits(1),
        Effect.uninterruptible
      )
  }

  const store = SessionStore.of({
    ...memory,
    durability: "disk",
    create: write("create", tuple(SessionInfo, SessionContext, delivered), memory.create),
    fork: write(
      "fork",
      tuple(SessionId, Schema.Number, SessionInfo, SessionContext, delivered),
      memory.fork
    ),
    open: write("open", tuple(SessionId, Schema.Number), memory.open),
    commit: write("commit", tuple(SessionId, Epoch, SessionChangesFromJson), memory.commit),
    remove: write("remove", tuple(SessionId, Epoch, Schema.optionalElement(SessionDeletion)), memory.remove),
    restore: write("restore", tuple(SessionExport, Schema.Array(UsageEntry), delivered), memory.restore),
    removeUsageOf: write("removeUsageOf", tuple(UserId), memory.removeUsageOf),
    settleDeletion: write("settleDeletion", tuple(SessionId, Schema.Array(DeadLetter)), memory.settleDeletion),
    updateDeadLetter: write("updateDeadLetter", tuple(DeadLetter), memory.updateDeadLetter),
    removeDeadLetter: write("removeDeadLetter", tuple(DeadLetter), memory.removeDeadLetter),
    health: Effect.map(memory.health, (health) => ({ ...health, name: "journal", durability: "disk" }))
  })

  const text = yield* files.readFileString(filename)
  const whole = text.slice(0, text.lastIndexOf("\n") + 1)
  yield* journal.truncate(bytes(whole).length)
  yield* Effect.forEach(
    whole.split("\n").slice(0, -1),
    (line) =>
      Effect.flatMap(
        Schema.decode(Entry)(line),
        ([name, args]) => Effect.flatten(Option.map(Option.fromNullable(replays.get(name)), (run) => run(args)))
      ),
    { discard: true }
  )
  return store
})

/** The arguments of a function. */
const tuple = <const Elements extends Schema.TupleType.Elements>(...elements: Elements) =>
  Schema.mutable(Schema.Tuple(...elements))

const delivered = Schema.optionalElement(Schema.Literal(0, 1))

const bytes = (text: string) => new TextEncoder().encode(text)

/** With this kind registered, `SessionStores.create("journal", { filename })` makes one. */
export const journal = defineStoreKind({
  name: "journal",
  config: Schema.Struct({ filename: Schema.NonEmptyString }),
  make: ({ filename }) =>
    Layer.scoped(SessionStore, Effect.mapError(open(filename), () => failed("Corrupt", filename))).pipe(
      Layer.provide(NodeContext.layer)
    )
})
