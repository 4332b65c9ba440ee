import { assert, describe, it } from "@effect/vitest"
import { assertNone } from "@effect/vitest/utils"
import { Option } from "effect"
import { StoreError } from "../../src/domain/error/StoreError.js"
import { storeErrorFrom } from "../../src/layers/store/internal/sqlite/errors.js"

const coded = (code: string) => Object.assign(new Error("from a driver"), { code })

describe("storeErrorFrom", () => {
  it.each([
    ["SQLITE_AUTH", "ReadOnly"],
    ["SQLITE_BUSY_SNAPSHOT", "Busy"],
    ["SQLITE_CANTOPEN_ISDIR", "Unavailable"],
    ["SQLITE_CORRUPT_INDEX", "Corrupt"],
    ["SQLITE_FULL", "Full"],
    ["SQLITE_IOERR_WRITE", "Io"],
    ["SQLITE_IOERR_FSYNC", "Io"],
    ["SQLITE_NOTADB", "Corrupt"],
    ["SQLITE_READONLY_DBMOVED", "ReadOnly"],
    ["EACCES", "ReadOnly"],
    ["EDQUOT", "Full"],
    ["EIO", "Io"],
    ["ENOENT", "Unavailable"],
    ["ENOSPC", "Full"]
  ])("maps %s to %s, also when it is wrapped", (code, reason) => {
    const expected = new StoreError({ reason: reason as StoreError["reason"], detail: code })
    for (const error of [coded(code), new Error("from a library", { cause: { cause: coded(code) } })]) {
      assert.deepStrictEqual(Option.getOrThrow(storeErrorFrom(error)), expected)
    }
  })

  it.each(["SQLITE_CONSTRAINT_UNIQUE", "SQLITE_ERROR", "SQLITE_MISUSE", "ERR_INVALID_ARG_TYPE"])(
    "maps %s to nothing, since it is a defect",
    (code) => assertNone(storeErrorFrom(coded(code)))
  )

  it("keeps a StoreError, and maps an error without a code to nothing", () => {
    const error = new StoreError({ reason: "Locked", detail: "pid 1" })
    assert.strictEqual(Option.getOrThrow(storeErrorFrom(error)), error)
    for (const other of [new Error("SQLITE_FULL"), "SQLITE_FULL", undefined, null, { code: 13 }]) {
      assertNone(storeErrorFrom(other))
    }
  })
})
