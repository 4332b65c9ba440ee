/**
 * What JSON can say.
 */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | ReadonlyArray<JsonValue>
  | JsonObject

/**
 * An object of JSON values; `JsonRecord` is the schema that makes sure it is one.
 */
export interface JsonObject {
  readonly [key: string]: JsonValue
}
