import { SqlClient } from "@effect/sql/SqlClient"
import type Sqlite from "better-sqlite3"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { StoreError } from "../../../../domain/error/StoreError.js"
import { openClient } from "./database.js"
import { storeErrorOrDie } from "./errors.js"
import { migrations, newest } from "./migrations.js"

/**
 * The schema of a database that can be opened.
 */
export interface FoundSchema {
  /** How many migrations have run; 0 before the first. */
  readonly version: number
  /** Whether the first migration was an earlier form of today's. */
  readonly isEarlierForm: boolean
}

/**
 * Reads the schema of a database and changes nothing. Fails with `Foreign` unless every table, column, index and trigger is as
 * the migrations made it, and with `TooNew` never: nothing is known of the schema of a later version.
 */
export const readSchema = (db: Sqlite.Database): Effect.Effect<FoundSchema, StoreError> =>
  Effect.sync(() => {
    const columns = db.prepare<[], string>("SELECT name FROM pragma_table_info('langswarm_migrations')").pluck().all()
    return {
      objects: db.prepare<[], SchemaObject>(selectObjects).all(),
      ids: columns.includes("migration_id") ? db.prepare<[], { id: number }>(selectIds).all() : []
    }
  }).pipe(
    Effect.catchAllDefect(storeErrorOrDie),
    Effect.flatMap(({ ids, objects }) => checkSchema(objects, ids.map(({ id }) => id)))
  )

/** Whether a database has exactly the schema of a new one. */
export const isUpToDate = ({ isEarlierForm, version }: FoundSchema): boolean => version === newest && !isEarlierForm

export interface SchemaObject {
  readonly type: string
  readonly name: string
  readonly sql: string
}

/** Without what SQLite adds, which it names `sqlite_`, and the tables of Litestream, which replicates databases. */
export const selectObjects = String.raw`
  SELECT type, name, coalesce(sql, '') AS sql FROM sqlite_schema
  WHERE name NOT LIKE 'sqlite\_%' ESCAPE '\' AND name NOT LIKE '\_litestream\_%' ESCAPE '\'
    AND name <> 'langswarm_migrations'
  ORDER BY type, name`

export const selectIds = "SELECT migration_id AS id FROM langswarm_migrations ORDER BY migration_id"

export const checkSchema = (
  objects: ReadonlyArray<SchemaObject>,
  ids: ReadonlyArray<number>
): Effect.Effect<FoundSchema, StoreError> => {
  const version = Math.max(0, ...ids)
  if (version > newest) return Effect.succeed({ version, isEarlierForm: false })
  const known = knownSchemas.get(digestOf(objects))
  return known?.version === version && ids.length === version
    ? Effect.succeed(known)
    : Effect.flatMap(differenceOf(objects, ids), (detail) => new StoreError({ reason: "Foreign", detail }))
}

/**
 * Digest of all definitions. White space does not count. Of the tables in which FTS5 keeps its index only the names count: it
 * defines them itself, and a later release of SQLite may do so in other words.
 */
export const digestOf = (objects: ReadonlyArray<SchemaObject>): string =>
  objects.reduce((hash, object) => hash.update(`${definitionOf(object)}\n`), createHash("sha256")).digest("hex")

const definitionOf = ({ name, sql, type }: SchemaObject): string =>
  `${type} ${name} ${name.startsWith("message_search_") ? "" : sql.replaceAll(/\s+/g, " ")}`

const current = (version: number): FoundSchema => ({ version, isEarlierForm: false })
const earlier = (version: number): FoundSchema => ({ version, isEarlierForm: true })

/** The schemas that can be opened, by digest. Each migration adds one. None is ever changed or removed. */
export const knownSchemas: ReadonlyMap<string, FoundSchema> = new Map([
  [digestOf([]), current(0)],
  ["1f8edaf9ff0a7e834b92dfd7d6b8aa9a667d5e177f1543342a3ca080268ab3ba", current(1)],
  ["cc24dc8e9b15805ee90bf869ec79361e1dfedbd6ae34a8b70d1ed8b3370d5b7a", current(2)],
  ["397edba4fe543692074c0e60b59373bbe998f1b1f08c0cb11aba5fb6860d8a91", current(3)],
  ["4955e9df3a854f79bea1f9e71661f48596491b1bfcc4bb867d4c51379a7d2b70", current(4)],
  // Of commit 6db386a, and the same after 662d11a has added migrations 3 and 4.
  ["b88f21d5bfdf14314c6e6bedfb97657c345e1670ac00564fa771433c50bf4bdc", earlier(2)],
  ["f4e742d0f25fa0748a24bbd6b4bae432e74cf0614ea1144cf00b1be23a3e5b19", earlier(4)],
  // Of commit 2c12841, and the same after 662d11a.
  ["be4be44b158ace101faf02ffa3acc620edc8b0be93cb9f0d6a2ce884d5a9ecd2", earlier(2)],
  ["987b7913e28225bf9e61315456e2e959acc6997f62fb9e24027215997ea314be", earlier(4)],
  // Of commit 7d30ed6.
  ["a52f0ce171c7fb2bc2c6a3309e92fd059e945ef8fef4d299e864d662e86513f9", earlier(4)]
])

/** What a schema lacks or has besides, compared to what its migrations make. A stranger chose the names: they are quoted and cut. */
const differenceOf = (objects: ReadonlyArray<SchemaObject>, ids: ReadonlyArray<number>): Effect.Effect<string> => {
  if (ids.some((id, index) => id !== index + 1)) return Effect.succeed(`migrations ${ids.join(", ")}`)
  const name = ids.length === 0 ? "a new database" : `schema ${ids.length}`
  return Effect.map(objectsOf(ids.length), (expected) => {
    const found = new Map(objects.map((object) => [object.name, definitionOf(object)]))
    const known = new Set(expected.map((object) => object.name))
    const differences = [
      ...expected.flatMap((object) => {
        const definition = found.get(object.name)
        return definition === definitionOf(object)
          ? []
          : [[object, definition === undefined ? "is missing" : "is different"] as const]
      }),
      ...objects.filter((object) => !known.has(object.name)).map((object) => [object, "was added"] as const)
    ]
    const first = differences.find(([{ type }]) => type === "table") ?? differences[0]
    if (first === undefined) return `not ${name}`
    const [object, how] = first
    return `not ${name}: ${object.type} ${JSON.stringify(object.name.slice(0, 64))} ${how}`
  })
}

/** What the first migrations make. */
const objectsOf = (version: number): Effect.Effect<ReadonlyArray<SchemaObject>> =>
  Effect.scoped(Effect.flatMap(openClient(":memory:"), (sql) =>
    Effect.provideService(
      Effect.zipRight(
        Effect.forEach(Arr.take(migrations, version), ([, run]) => run),
        sql.unsafe<SchemaObject>(selectObjects)
      ),
      SqlClient,
      sql
    ))).pipe(Effect.orDie)
