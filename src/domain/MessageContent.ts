import * as Schema from "effect/Schema"
import { JsonRecord } from "./JsonRecord.js"
import { InputPart } from "./Part.js"
import { WellFormedText } from "./WellFormedText.js"

const hasContent = (content: string | ReadonlyArray<InputPart>): boolean =>
  typeof content === "string"
    ? content.trim().length > 0
    : content.some((part) => part._tag !== "Text" || part.text.trim().length > 0)

/**
 * What is said: a text, or up to 64 parts. Blank text is refused.
 */
export const MessageContent = Schema.Struct({
  content: Schema.Union(WellFormedText, Schema.Array(InputPart).pipe(Schema.maxItems(64))).pipe(
    Schema.filter(hasContent, { message: () => "must not be empty" })
  ),
  metadata: Schema.optionalWith(JsonRecord, { exact: true })
})
export interface MessageContent extends Schema.Schema.Type<typeof MessageContent> {}
