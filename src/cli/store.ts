import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Analytics, AnalyticsGroup } from "../domain/Analytics.js"
import { DeadLetter, ReplayOutcome } from "../domain/DeadLetter.js"
import { Health, StoreBackup, StoreOptimization, StoreStats } from "../domain/Store.js"
import { SessionManager } from "../services/SessionManager.js"
import { sessionCommand } from "./connection.js"
import { deadLetterOptions, json, moment, pageOptions, toDeadLetterQuery, toPageQuery } from "./options.js"
import { printJson, printPage } from "./output.js"
import { choice, integer, option, optionalArgument, optionOr, text } from "./parameters.js"
import { note, print } from "./Streams.js"
import { bytesText, countText, usageTable, visible } from "./text.js"

/**
 * `analytics`: usage over a period.
 */
export const analytics = sessionCommand(
  {
    options: {
      since: moment("since", "First UTC day. Default: 30 days before --until"),
      until: moment("until", "First UTC day after the period. Default: tomorrow"),
      user: option("user", text("USER"), "Only usage of this user"),
      provider: option("provider", text("PROVIDER"), "Only usage of this provider"),
      model: option("model", text("MODEL"), "Only usage of this model"),
      tag: option("tag", text("TAG"), "Only sessions with this tag"),
      by: option("by", choice(...AnalyticsGroup.literals), "Print a row for each of these. Default: the total only"),
      limit: optionOr("limit", integer(1, 1000), "Most rows to print, up to 1000", "100"),
      json
    },
    arguments: {}
  },
  Effect.fnUntraced(function*(options) {
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
    yield* print(`${DateTime.formatIsoDateUtc(from)} to ${DateTime.formatIsoDateUtc(last)}, in UTC days\n`)
    yield* print(visible(usageTable([...groups, { key: "total", usage: total }])))
    if (moreGroups) yield* note(`(more than ${options.limit} rows: --limit prints up to 1000)`)
  })
)

/**
 * `backup`: copies all sessions while the server runs.
 */
export const backup = sessionCommand(
  {
    options: { json },
    arguments: {
      name: optionalArgument(text("NAME"), "Name of the backup: letters, digits, '-' and '_'. Default: the time")
    }
  },
  Effect.fnUntraced(function*(options) {
    const now = yield* DateTime.now
    const name = Option.getOrElse(options.name, () => DateTime.formatIso(now).replaceAll(/[^0-9TZ]/g, "-"))
    const made = yield* Effect.flatMap(SessionManager, (sessions) => sessions.backup(name))
    const sessions = countText(made.sessions, "session")
    yield* options.json
      ? printJson(StoreBackup, made)
      : print(`Backup ${made.name}: ${sessions}, ${bytesText(made.bytes)}, sha256 ${made.sha256}`)
  })
)

/**
 * `health`: whether the server can store messages, and what it has in use of what it allows.
 */
export const health = sessionCommand(
  { options: { json }, arguments: {} },
  Effect.fnUntraced(function*(options) {
    const found = yield* Effect.flatMap(SessionManager, (sessions) => sessions.health)
    yield* options.json ? printJson(Health, found) : print(healthText(found))
  })
)

const healthText = ({ activeSessions, openTurns, providers, readiness, server, store }: Health): string =>
  Object.entries({
    readiness,
    store: `${store.name}, durability ${store.durability}, ${countText(store.sessions, "session")}, ${
      bytesText(store.bytes)
    }`,
    "dead letters": `${store.deadLetters}`,
    providers: providers.join(", "),
    running: `${countText(activeSessions, "session")}, ${countText(openTurns, "turn")}`,
    ...(server && {
      connections: `${server.connections}, of them ${server.unauthorizedConnections} without an authorised call, ` +
        `${server.blockedConnections} that do not read`,
      calls: `${countText(server.calls, "call")}, ${countText(server.streams, "stream")}`,
      limits: Object.entries(server.limits).map(([name, limit]) => `${name}=${limit}`).join("\n".padEnd(17))
    })
  }).map(([name, value]) => `${name.padEnd(15)} ${visible(value)}`).join("\n")

/**
 * `stats`: what the store holds, its size and its backups.
 */
export const stats = sessionCommand(
  { options: { json }, arguments: {} },
  Effect.fnUntraced(function*(options) {
    const found = yield* Effect.flatMap(SessionManager, (sessions) => sessions.stats)
    yield* options.json ? printJson(StoreStats, found) : print(statsText(found))
  })
)

const statsText = ({ bytes, database, messages, name, sessions }: StoreStats): string =>
  Object.entries({
    store: name,
    sessions: `${sessions}`,
    messages: `${messages}`,
    size: bytesText(bytes),
    ...(database && {
      "write-ahead log": bytesText(database.walBytes),
      schema: `${database.schemaVersion}`,
      pages: `${database.pages} of ${database.pageSize} bytes, ${database.freePages} free`,
      "to be indexed": countText(database.unindexedSessions, "session"),
      backups: database.backups.length === 0 ? "none" : database.backups.map(backupText).join("\n".padEnd(17))
    })
  }).map(([name, value]) => `${name.padEnd(15)} ${visible(value)}`).join("\n")

const backupText = ({ at, bytes, name, sessions }: StoreBackup): string =>
  `${name}, ${DateTime.formatIso(at)}, ${countText(sessions, "session")}, ${bytesText(bytes)}`

/**
 * `optimize`: frees the store's unused space while the server runs.
 */
export const optimize = sessionCommand(
  { options: { json }, arguments: {} },
  Effect.fnUntraced(function*(options) {
    const done = yield* Effect.flatMap(SessionManager, (sessions) => sessions.optimize)
    yield* options.json
      ? printJson(StoreOptimization, done)
      : print(`Size of the store: ${bytesText(done.bytesBefore)} before, ${bytesText(done.bytesAfter)} now.`)
  })
)

/**
 * `dead-letters`: events that a hook failed to handle after all retries.
 */
export const deadLetters = sessionCommand(
  { options: { ...deadLetterOptions, ...pageOptions, json }, arguments: {} },
  Effect.fnUntraced(function*(options) {
    const sessions = yield* SessionManager
    const page = yield* sessions.deadLetters({ ...toPageQuery(options), ...toDeadLetterQuery(options) })
    yield* printPage({ page, item: DeadLetter, json: options.json, toLine: letterLine, none: "No dead letters." })
  })
)

const letterLine = ({ at, attempts, event, hook, number, reason, sessionId }: DeadLetter): string =>
  visible([
    hook,
    sessionId,
    `${number} ${event}`,
    DateTime.formatIso(at),
    `${reason} after ${countText(attempts, "attempt")}`
  ].join("  "))

/**
 * `replay`: delivers dead letters to their hooks again.
 */
export const replay = sessionCommand(
  {
    options: {
      ...deadLetterOptions,
      limit: optionOr("limit", integer(1, 1000), "Most dead letters to deliver, up to 1000", "100"),
      json
    },
    arguments: {}
  },
  Effect.fnUntraced(function*(options) {
    const sessions = yield* SessionManager
    const outcome = yield* sessions.replayDeadLetters({ limit: options.limit, ...toDeadLetterQuery(options) })
    yield* options.json ? printJson(ReplayOutcome, outcome) : print(replayText(outcome))
  })
)

const replayText = ({ failed, missing, delivered, unknown }: ReplayOutcome): string =>
  [
    `${delivered} delivered`,
    ...(failed > 0 ? [`${failed} failed again`] : []),
    ...(unknown > 0 ? [`${unknown} kept: no hook has this name now`] : []),
    ...(missing > 0 ? [`${missing} removed: their messages were cleared`] : [])
  ].join(", ")
