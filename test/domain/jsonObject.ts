import { FastCheck } from "effect"
import type { JsonObject, JsonValue } from "../../src/domain/Json.js"

const key = FastCheck.string({ maxLength: 8 }).filter((key) => !["__proto__", "constructor", "prototype"].includes(key))

const { value } = FastCheck.letrec<{ value: JsonValue }>((tie) => ({
  value: FastCheck.oneof(
    { depthSize: "small", withCrossShrink: true },
    FastCheck.constant(null),
    FastCheck.boolean(),
    FastCheck.integer(),
    FastCheck.double({ noNaN: true, noDefaultInfinity: true }),
    FastCheck.string({ maxLength: 16 }),
    FastCheck.array(tie("value"), { maxLength: 3 }),
    FastCheck.dictionary(key, tie("value"), { maxKeys: 3 })
  )
}))

export const jsonValue: FastCheck.Arbitrary<JsonValue> = value

export const jsonObject: FastCheck.Arbitrary<JsonObject> = FastCheck.dictionary(key, value, { maxKeys: 4 })
