import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import Sqlite from "better-sqlite3"
import { Effect, Schema, Tracer } from "effect"
import { prepareExports } from "../../src/layers/store/internal/sqlite/exports.js"
import { prepareStatements } from "../../src/layers/store/internal/sqlite/store.js"
import * as SqliteSessionStore from "../../src/layers/store/SqliteSessionStore.js"
import * as SessionStoreConformance from "../../src/testing/SessionStoreConformance.js"
import { temporaryFile } from "./temporaryFile.js"

/** Adds every query that the effect runs through `@effect/sql` to `queries`. */
const recordingQueries = (queries: Set<string>) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Effect.tracer, (tracer) =>
    Effect.withTracer(
      effect,
      Tracer.make({
        context: tracer.context,
        span: (...options) => {
          const span = tracer.span(...options)
          const attribute = span.attribute.bind(span)
          return Object.assign(span, {
            attribute: (key: string, value: unknown) => {
              if (key === "db.query.text") queries.add(String(value))
              attribute(key, value)
            }
          })
        }
      })
    ))

const decodePlan = Schema.decodeUnknownSync(Schema.Array(Schema.Struct({ detail: Schema.String })))
const decodeTexts = Schema.decodeUnknownSync(Schema.Array(Schema.String))

const planOf = (db: Sqlite.Database, query: string): ReadonlyArray<string> => {
  const named = Object.fromEntries((query.match(/@\w+/g) ?? []).map((name) => [name.slice(1), null]))
  const positional = (query.match(/\?/g) ?? []).map(() => null)
  const parameters = Object.keys(named).length > 0 ? [...positional, named] : positional
  return decodePlan(db.prepare(`EXPLAIN QUERY PLAN ${query}`).all(...parameters)).map(({ detail }) => detail)
}

/** The statements of a trigger. */
const statementsOf = (trigger: string): ReadonlyArray<string> =>
  trigger.slice(trigger.indexOf("BEGIN") + "BEGIN".length, trigger.lastIndexOf("END"))
    .replace(/(?:NEW|OLD)\.\w+/g, "?").split(";").slice(0, -1)

/** What may be scanned: it holds only rows of the result, or the query itself made it. */
const resultsOnly = [
  "CONSTANT",
  "pragma_",
  "json_each",
  "found",
  "summed",
  "\\(subquery-",
  "restorations",
  "sqlite_sequence",
  "message_search VIRTUAL TABLE INDEX",
  "turns USING INDEX turns_open",
  "sessions USING (COVERING )?INDEX sessions_(undelivered|unindexed)",
  "deletions USING INDEX deletions_untold"
]
const isResultsOnly = new RegExp(`^SCAN (${resultsOnly.join("|")})`)

/** Steps whose cost grows with the database instead of the result. */
const isSlow = (step: string, query: string) =>
  // Rollups may be sorted, since there are few of them.
  (step.includes("TEMP B-TREE") && !/\bFROM rollup/.test(query)) ||
  (step.startsWith("SCAN ") && !isResultsOnly.test(step))

describe("SqliteSessionStore's queries", () => {
  it.scoped("each use an index, and each index is used", () =>
    Effect.gen(function*() {
      const filename = yield* temporaryFile
      const queries = new Set<string>()
      yield* Effect.forEach(SessionStoreConformance.cases, ({ run }) => run).pipe(
        Effect.provide(SqliteSessionStore.layer({ filename, durability: "process" })),
        recordingQueries(queries)
      )
      const reads = [...queries].filter((query) =>
        /^\s*(SELECT|WITH)/.test(query) && !query.includes("langswarm_migrations")
      )
      const db = yield* Effect.acquireRelease(
        Effect.sync(() => new Sqlite(filename)),
        (db) => Effect.sync(() => db.close())
      )
      const writes = Object.values({ ...prepareStatements(db), ...prepareExports(db) })
        .flatMap((prepared) => "source" in prepared ? [prepared.source] : [])
        .filter((source) => !/^(BEGIN|ROLLBACK|PRAGMA)/.test(source))
      assert.isAbove(reads.length, 20)

      const triggers = decodeTexts(db.prepare("SELECT sql FROM sqlite_schema WHERE type = 'trigger'").pluck().all())
        .flatMap(statementsOf)
      assert.isAbove(triggers.length, 3)

      const plans = [...reads, ...writes, ...triggers].map((query) => ({ query, plan: planOf(db, query) }))
      assert.deepStrictEqual(plans.filter(({ plan, query }) => plan.some((step) => isSlow(step, query))), [])

      // A user has few sessions, however many are active.
      const ofUser = plans.filter(({ query }) => query.includes("AND user_id = ?"))
      assert.isAbove(ofUser.length, 3)
      for (const { plan } of ofUser) {
        assert.include(plan.find((step) => /^(SCAN|SEARCH) /.test(step)), "USING INDEX sessions_by_user")
      }

      // What a session holds is found by its key, however much others hold.
      const ofHistory = plans.flatMap(({ plan }) =>
        plan.filter((step) => /^SEARCH (contexts|events|messages|segments|turns) /.test(step))
      )
      assert.isAbove(ofHistory.length, 30)
      assert.deepStrictEqual(ofHistory.filter((step) => !/\b(session|source)_key=\?/.test(step)), [])

      const indexes = decodeTexts(
        db.prepare("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL").pluck().all()
      )
      const used = plans.flatMap(({ plan }) => plan).join("\n")
      assert.deepStrictEqual(indexes.filter((index) => !used.includes(index)), [])
    }).pipe(Effect.provide(NodeContext.layer)))
})
