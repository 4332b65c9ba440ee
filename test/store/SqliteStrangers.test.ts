import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import Sqlite from "better-sqlite3"
import { Effect, Layer } from "effect"
import type { StoreError } from "../../src/domain/error/StoreError.js"
import * as SqliteSessionStore from "../../src/layers/store/SqliteSessionStore.js"
import { copyOf, inSql } from "./databases.js"
import { logged } from "./logged.js"
import { temporaryFile } from "./temporaryFile.js"

const { layer, migrate, status } = SqliteSessionStore

/** The bytes of a database, and of the WAL and the journal next to it. */
const bytesOf = (filename: string) =>
  Effect.flatMap(
    FileSystem.FileSystem,
    (files) =>
      Effect.forEach(["", "-wal", "-journal"], (suffix) =>
        Effect.orElseSucceed(
          Effect.map(files.readFile(filename + suffix), (bytes) => Buffer.from(bytes).toString("base64")),
          () => "none"
        ))
  )

/** Opening, migrating and looking at a database each fail with this, and change nothing. */
const isRefused = (filename: string, reason: StoreError["reason"], detail: string) =>
  Effect.gen(function*() {
    const files = yield* FileSystem.FileSystem
    const before = yield* bytesOf(filename)
    const refusals = [
      Effect.flip(Effect.scoped(Layer.build(layer({ filename })))),
      Effect.flip(migrate(filename)),
      Effect.flip(status(filename))
    ]
    for (const refusal of refusals) {
      assert.deepInclude(yield* refusal, { _tag: "StoreError", reason, detail: `sessions.db: ${detail}` })
      assert.deepStrictEqual(yield* bytesOf(filename), before)
    }
    const entries = yield* files.readDirectory(filename.slice(0, filename.lastIndexOf("/")))
    assert.notInclude(entries.join(), "bak")
  })

const storeTest = <A, E>(
  name: string,
  test: Effect.Effect<A, E, FileSystem.FileSystem | Effect.Effect.Context<typeof temporaryFile>>
) => it.scoped(name, () => Effect.provide(test, NodeContext.layer))

describe("A database with a stranger's schema", () => {
  storeTest(
    "row 103: is refused with Foreign, untouched: migrations 1, 2 and 4, of some commits",
    Effect.flatMap(
      copyOf("refused/migrations-1-2-4.db"),
      (filename) => isRefused(filename, "Foreign", "migrations 1, 2, 4")
    )
  )

  for (
    const [change, sql, detail] of [
      ["an index is missing", "DROP INDEX turns_open", "not schema 4: index \"turns_open\" is missing"],
      ["a trigger is missing", "DROP TRIGGER message_gone", "not schema 4: trigger \"message_gone\" is missing"],
      ["a table is missing", "DROP TABLE restorations", "not schema 4: table \"restorations\" is missing"],
      ["a column was added", "ALTER TABLE turns ADD COLUMN mood TEXT", "not schema 4: table \"turns\" is different"],
      ["a column is missing", "ALTER TABLE turns DROP COLUMN draft", "not schema 4: table \"turns\" is different"],
      [
        "an index is different",
        "DROP INDEX turns_by_id; CREATE UNIQUE INDEX turns_by_id ON turns (id)",
        "not schema 4: index \"turns_by_id\" is different"
      ],
      ["an index was added", "CREATE INDEX mine ON turns (status)", "not schema 4: index \"mine\" was added"],
      [
        "a trigger was added, with a name that could fake a line",
        "CREATE TRIGGER \"a\nb\" AFTER INSERT ON turns BEGIN SELECT 1; END",
        "not schema 4: trigger \"a\\nb\" was added"
      ],
      ["a table was added", "CREATE TABLE theirs (x)", "not schema 4: table \"theirs\" was added"],
      [
        "the search index has other options",
        "DROP TABLE message_search; CREATE VIRTUAL TABLE message_search USING fts5 (words)",
        "not schema 4: table \"message_search\" is different"
      ],
      ["a migration is not recorded", "DELETE FROM langswarm_migrations WHERE migration_id = 3", "migrations 1, 2, 4"],
      [
        "the last migration is not recorded",
        "DELETE FROM langswarm_migrations WHERE migration_id = 4",
        "not schema 3: table \"dead_letter_counts\" was added"
      ],
      [
        "no migration is recorded",
        "DROP TABLE langswarm_migrations",
        "not a new database: table \"contexts\" was added"
      ],
      [
        "migrations are recorded in another form",
        "DROP TABLE langswarm_migrations; CREATE TABLE langswarm_migrations (id)",
        "not a new database: table \"contexts\" was added"
      ]
    ] as const
  ) {
    storeTest(
      `row 103: is refused with Foreign, untouched: ${change}`,
      Effect.gen(function*() {
        const filename = yield* copyOf("schema-4.db")
        inSql(filename, (db) => db.exec(sql))
        yield* isRefused(filename, "Foreign", detail)
      })
    )
  }

  storeTest(
    "row 103: is refused with Foreign, untouched: an earlier schema that differs, before it is copied",
    Effect.gen(function*() {
      const filename = yield* copyOf("schema-2.db")
      inSql(filename, (db) => db.exec("DROP INDEX turns_open"))
      yield* isRefused(filename, "Foreign", "not schema 2: table \"restorations\" is missing")
    })
  )

  for (const mode of ["DELETE", "WAL"]) {
    storeTest(
      `row 103: is refused with Foreign, untouched: the database of another program, in the mode ${mode}`,
      Effect.gen(function*() {
        const filename = yield* temporaryFile
        const db = new Sqlite(filename)
        db.pragma(`journal_mode = ${mode}`)
        db.exec("CREATE TABLE sessions (session_id TEXT PRIMARY KEY); INSERT INTO sessions VALUES ('theirs')")
        db.close()
        yield* isRefused(filename, "Foreign", "not a new database: table \"sessions\" was added")
      })
    )
  }

  storeTest(
    "row 103: is refused with Foreign, untouched: a process was killed and left its WAL",
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const filename = yield* temporaryFile
      const other = `${filename}-other`
      const db = new Sqlite(other)
      db.pragma("journal_mode = WAL")
      db.exec("CREATE TABLE theirs (x)")
      for (const suffix of ["", "-wal"]) yield* files.copyFile(other + suffix, filename + suffix)
      db.close()
      yield* isRefused(filename, "Foreign", "not a new database: table \"theirs\" was added")
      assert.deepStrictEqual(inSql(filename, (db) => db.prepare("SELECT name FROM sqlite_schema").pluck().all()), [
        "theirs"
      ])
    })
  )

  storeTest(
    "is opened with the tables of Litestream and with SQLite's own statistics",
    Effect.gen(function*() {
      const filename = yield* copyOf("schema-4.db")
      inSql(filename, (db) => db.exec("CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER); ANALYZE"))
      assert.deepStrictEqual(yield* logged(Effect.scoped(Layer.build(layer({ filename })))), [])
    })
  )
})
