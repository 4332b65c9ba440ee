import * as Schema from "effect/Schema"

/**
 * Names one send, so that it can be repeated safely: the same key in the same session is the same turn, also after a restart.
 */
export const IdempotencyKey = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z0-9_.:-]{1,128}$/, { description: "1 to 128 letters, digits, '_', '.', ':' or '-'" }),
  Schema.brand("IdempotencyKey")
)
export type IdempotencyKey = typeof IdempotencyKey.Type
