import { FileSystem } from "@effect/platform"
import { assert } from "@effect/vitest"
import Sqlite from "better-sqlite3"
import { Effect } from "effect"
import { readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { temporaryFile } from "./temporaryFile.js"

/** The databases of earlier versions; see the README there. */
export const databases = fileURLToPath(new URL("databases/", import.meta.url))

export const databaseFiles: ReadonlyArray<string> = readdirSync(databases).filter((name) => name.endsWith(".db"))

/** A copy of a database of this folder, under the name `sessions.db` in a directory of its own. */
export const copyOf = (name: string) =>
  Effect.gen(function*() {
    const files = yield* FileSystem.FileSystem
    const filename = yield* temporaryFile
    yield* files.copyFile(databases + name, filename)
    yield* files.chmod(filename, 0o600)
    return filename
  })

/** Uses a database in plain SQL. */
export const inSql = <A>(filename: string, use: (db: Sqlite.Database) => A): A => {
  const db = new Sqlite(filename, { fileMustExist: true })
  try {
    return use(db)
  } finally {
    db.close()
  }
}

export const columnsOf = (db: Sqlite.Database, table: string): ReadonlyArray<string> =>
  db.prepare<[string], string>("SELECT name FROM pragma_table_info(?)").pluck().all(table)

/** All rows of these columns, in an order of their own. */
export const rowsOf = (db: Sqlite.Database, table: string, columns: ReadonlyArray<string>): ReadonlyArray<unknown> => {
  assert.isNotEmpty(columns)
  const names = columns.join(", ")
  return db.prepare(`SELECT ${names} FROM ${table} ORDER BY ${names}`).raw().all()
}
