import * as Schema from "effect/Schema"
import { ImportOptions } from "../domain/ImportSession.js"

/** Characters: whatever they are, they take less than a call may. */
export const maxPartLength = 256 * 1024

/**
 * A piece of a session that is imported: a call is far smaller than a session may be. The last piece answers what became of
 * the session, the others answer nothing.
 */
export const ImportPart = Schema.Struct({
  /** Names the import that the piece is of. */
  upload: Schema.UUID,
  /** Its place: 0, 1, 2, ... */
  index: Schema.NonNegativeInt,
  text: Schema.String.pipe(Schema.maxLength(maxPartLength)),
  last: Schema.Boolean,
  options: ImportOptions
})
export interface ImportPart extends Schema.Schema.Type<typeof ImportPart> {}
