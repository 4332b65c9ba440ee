import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import Sqlite from "better-sqlite3"
import { Effect } from "effect"
import { createHash } from "node:crypto"
import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs"
import * as SqliteSessionStore from "../../src/layers/store/SqliteSessionStore.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { temporaryFile } from "./temporaryFile.js"

const open = (filename: string) => Effect.asVoid(Effect.provide(SessionStore, SqliteSessionStore.layer({ filename })))

/** The names of all tables, indexes and triggers. */
const schemaOf = (filename: string) => {
  const db = new Sqlite(filename)
  const names = db.prepare("SELECT name FROM sqlite_master ORDER BY name").pluck().all()
  db.close()
  return names
}

/** Calls `before` whenever a statement is about to be prepared. */
const beforeEachStatement = (before: (sql: string) => void) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const { prepare } = Sqlite.prototype
      Sqlite.prototype.prepare = function(this: Sqlite.Database, sql: string) {
        before(sql)
        return prepare.call(this, sql)
      } as typeof prepare
      return prepare
    }),
    (prepare) => Effect.sync(() => Sqlite.prototype.prepare = prepare)
  )

describe("The migration of the schema", () => {
  it.scopedLive(
    "row 26: leaves the old schema or the new one wherever it is killed, and can run again",
    () =>
      Effect.gen(function*() {
        const files = yield* FileSystem.FileSystem
        const filename = yield* temporaryFile
        // A killed process leaves what it has written to its files so far. Most statements write nothing to them.
        const statements: Array<string> = []
        const left: Array<string> = []
        const seen = new Set<string>()
        const keepFiles = (sql: string) => {
          if (!existsSync(filename)) return
          statements.push(sql)
          const hash = createHash("sha256")
          for (const suffix of ["", "-wal"]) {
            hash.update(existsSync(filename + suffix) ? readFileSync(filename + suffix) : "none")
          }
          const contents = hash.digest("hex")
          if (seen.has(contents)) return
          seen.add(contents)
          const directory = `${filename}-at-${left.length}`
          mkdirSync(directory)
          for (const suffix of ["", "-wal"]) {
            if (existsSync(filename + suffix)) copyFileSync(filename + suffix, `${directory}/sessions.db${suffix}`)
          }
          left.push(sql)
        }
        yield* Effect.scoped(Effect.zipRight(beforeEachStatement(keepFiles), open(filename)))
        const complete = schemaOf(filename)
        assert.isAbove(statements.filter((sql) => /^\s*CREATE /.test(sql)).length, 15)

        const schemas = new Set<string>()
        for (const [index, sql] of left.entries()) {
          const killed = `${filename}-at-${index}/sessions.db`
          const again = `${filename}-at-${index}/again.db`
          for (const suffix of ["", "-wal"]) {
            if (yield* files.exists(killed + suffix)) yield* files.copyFile(killed + suffix, again + suffix)
          }
          const found = schemaOf(killed)
          schemas.add(found.join())
          assert.isTrue(
            found.length <= 2 || found.length === complete.length,
            `before ${sql} the schema is partial: ${found.join()}`
          )
          yield* open(again)
          assert.deepStrictEqual(schemaOf(again), complete)
        }
        assert.isAtLeast(schemas.size, 2)
      }).pipe(Effect.provide(NodeContext.layer)),
    60_000
  )
})
