import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Path from "@effect/platform/Path"
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Analytics, AnalyticsGroup } from "../domain/Analytics.js"
import { DeadLetter, ReplayOutcome } from "../domain/DeadLetter.js"
import { Page } from "../domain/Page.js"
import { StoreBackup, StoreOptimization, StoreStats } from "../domain/Store.js"
import * as SqliteSessionStore from "../layers/store/SqliteSessionStore.js"
import { SessionManager } from "../services/SessionManager.js"
import { connect, connectionOptions, dataDir } from "./connection.js"
import { deadLetterOptions, json, pageOptions, toDeadLetterQuery, toPageQuery } from "./options.js"
import { printJson } from "./output.js"
import { bytesText, countText, usageTable, visible } from "./text.js"

const text = (name: string, description: string) =>
  Options.text(name).pipe(Options.withDescription(description), Options.optional)

/**
 * `analytics`: what was used over a period.
 */
export const analytics = Command.make(
  "analytics",
  {
    ...connectionOptions,
    json,
    since: text("since", "The first UTC day, or a moment of it; 30 days before the end if left out"),
    until: text("until", "The UTC day that is not in it any more; tomorrow if left out"),
    user: text("user", "Only this user's"),
    provider: text("provider", "Only of this provider"),
    model: text("model", "Only of this model"),
    tag: text("tag", "Only of sessions with this tag"),
    by: Options.choice("by", AnalyticsGroup.literals).pipe(
      Options.withDescription("Show each of these on its own"),
      Options.optional
    ),
    limit: Options.integer("limit").pipe(
      Options.withDescription("How many of them, 1000 at most"),
      Options.withDefault(100)
    )
  },
  Effect.fnUntraced(
    function*(options) {
      const sessions = yield* SessionManager
      const answer = yield* sessions.analytics({
        limit: options.limit,
        ...(Option.isSome(options.since) && { since: options.since.value }),
        ...(Option.isSome(options.until) && { until: options.until.value }),
        ...(Option.isSome(options.user) && { userId: options.user.value }),
        ...(Option.isSome(options.provider) && { provider: options.provider.value }),
        ...(Option.isSome(options.model) && { model: options.model.value }),
        ...(Option.isSome(options.tag) && { tag: options.tag.value }),
        ...(Option.isSome(options.by) && { groupBy: options.by.value })
      })
      if (options.json) return yield* printJson(Analytics, answer)
      const { from, groups = [], moreGroups, to, total } = answer
      const last = DateTime.subtract(to, { days: 1 })
      yield* Console.log(`${DateTime.formatIsoDateUtc(from)} to ${DateTime.formatIsoDateUtc(last)}, in UTC days\n`)
      yield* Console.log(visible(usageTable([...groups, { key: "total", usage: total }])))
      if (moreGroups) yield* Console.error(`(there are more than ${options.limit}: --limit shows up to 1000)`)
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("Show what was used over a period"))

/**
 * `backup`: has the store copy all there is, while the server serves. The name is the time unless it is given.
 */
export const backup = Command.make(
  "backup",
  {
    ...connectionOptions,
    json,
    name: Args.text({ name: "name" }).pipe(
      Args.withDescription("Letters, digits, '-' and '_'; the time if left out"),
      Args.optional
    )
  },
  Effect.fnUntraced(
    function*(options) {
      const now = yield* DateTime.now
      const name = Option.getOrElse(options.name, () => DateTime.formatIso(now).replaceAll(/[^0-9TZ]/g, "-"))
      const made = yield* Effect.flatMap(SessionManager, (sessions) => sessions.backup(name))
      yield* options.json
        ? printJson(StoreBackup, made)
        : Console.log(
          `Backup ${made.name}: ${countText(made.sessions, "session")}, ${bytesText(made.bytes)}, sha256 ${made.sha256}`
        )
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("Copy all sessions to where the server keeps its backups, while it is used"))

/**
 * `dead-letters`: what hooks have given up on.
 */
export const deadLetters = Command.make(
  "dead-letters",
  { ...connectionOptions, ...pageOptions, ...deadLetterOptions, json },
  Effect.fnUntraced(
    function*(options) {
      const sessions = yield* SessionManager
      const page = yield* sessions.deadLetters({ ...toPageQuery(options), ...toDeadLetterQuery(options) })
      if (options.json) return yield* printJson(Page(DeadLetter), page)
      if (page.items.length === 0) yield* Console.error("No dead letters.")
      yield* Effect.forEach(page.items, (letter) => Console.log(toLine(letter)), { discard: true })
      if (page.next !== undefined) yield* Console.error(`(more: --cursor ${page.next})`)
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("List the events that hooks have given up on; replay tells them again"))

const toLine = ({ at, attempts, event, hook, number, reason, sessionId }: DeadLetter): string =>
  visible([
    hook,
    sessionId,
    `${number} ${event}`,
    DateTime.formatIso(at),
    `${reason} after ${countText(attempts, "attempt")}`
  ].join("  "))

const Migrated = Schema.Struct({ from: Schema.Int, to: Schema.Int })

/**
 * `migrate`: brings the database of a stopped server up to date, as its next start would.
 */
export const migrate = Command.make(
  "migrate",
  {
    dataDir,
    json,
    check: Options.boolean("check").pipe(Options.withDescription("Only tell; change nothing"))
  },
  Effect.fnUntraced(function*({ check, dataDir, json }) {
    const { join } = yield* Path.Path
    const filename = join(dataDir, "sessions.db")
    const { from, to } = yield* check
      ? Effect.map(SqliteSessionStore.status(filename), ({ newest, version }) => ({ from: version, to: newest }))
      : SqliteSessionStore.migrate(filename)
    if (json) return yield* printJson(Migrated, { from, to })
    yield* Console.log(
      from === to
        ? `The database is up to date: schema ${to}.`
        : from > to
        ? `The database has schema ${from}, of a newer version than this one, which knows ${to}.`
        : check
        ? `The database has schema ${from}, and would be brought to ${to}.`
        : `The database was brought from schema ${from} to ${to}.`
    )
  })
).pipe(Command.withDescription("Bring the database of a stopped server up to date"))

/**
 * `optimize`: has the store give back what it does not need, while the server serves.
 */
export const optimize = Command.make(
  "optimize",
  { ...connectionOptions, json },
  Effect.fnUntraced(
    function*(options) {
      const done = yield* Effect.flatMap(SessionManager, (sessions) => sessions.optimize)
      yield* options.json
        ? printJson(StoreOptimization, done)
        : Console.log(`The store took ${bytesText(done.bytesBefore)}, and takes ${bytesText(done.bytesAfter)}.`)
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("Give back the space that the store does not need, while it is used"))

/**
 * `replay`: tells hooks again of what they have given up on.
 */
export const replay = Command.make(
  "replay",
  {
    ...connectionOptions,
    ...deadLetterOptions,
    json,
    limit: Options.integer("limit").pipe(Options.withDescription("How many, 1,000 at most"), Options.withDefault(100))
  },
  Effect.fnUntraced(
    function*(options) {
      const sessions = yield* SessionManager
      const outcome = yield* sessions.replayDeadLetters({ limit: options.limit, ...toDeadLetterQuery(options) })
      yield* options.json ? printJson(ReplayOutcome, outcome) : Console.log(toText(outcome))
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("Tell hooks again of the events that they have given up on"))

const toText = ({ failed, gone, told, unknown }: ReplayOutcome): string =>
  [
    `${told} told`,
    ...(failed > 0 ? [`${failed} failed again`] : []),
    ...(unknown > 0 ? [`${unknown} kept, for there is no such hook now`] : []),
    ...(gone > 0 ? [`${gone} gone, for what they tell of was cleared`] : [])
  ].join(", ")

/**
 * `stats`: what the store holds, and what it takes.
 */
export const stats = Command.make(
  "stats",
  { ...connectionOptions, json },
  Effect.fnUntraced(
    function*(options) {
      const found = yield* Effect.flatMap(SessionManager, (sessions) => sessions.stats)
      yield* options.json ? printJson(StoreStats, found) : Console.log(toTextStats(found))
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("Show what the store holds, what it takes, and its backups"))

const toTextStats = ({ bytes, database, messages, name, sessions }: StoreStats): string =>
  Object.entries({
    store: name,
    sessions: `${sessions}`,
    messages: `${messages}`,
    takes: bytesText(bytes),
    ...(database && {
      "of it WAL": bytesText(database.walBytes),
      schema: `${database.schemaVersion}`,
      pages: `${database.pages} of ${database.pageSize} bytes, ${database.freePages} free`,
      "to be indexed": countText(database.unindexedSessions, "session"),
      backups: database.backups.length === 0 ? "none" : database.backups.map(backupText).join("\n".padEnd(17))
    })
  }).map(([name, value]) => `${name.padEnd(15)} ${visible(value)}`).join("\n")

const backupText = ({ at, bytes, name, sessions }: StoreBackup): string =>
  `${name}, ${DateTime.formatIso(at)}, ${countText(sessions, "session")}, ${bytesText(bytes)}`
