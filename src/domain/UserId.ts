import * as Schema from "effect/Schema"
import { ShortText } from "./ShortText.js"

/**
 * Names whose session it is, in the words of the embedding application (a key, a user name, an e-mail address): 1 to 256
 * characters, none of them a control character or a lone surrogate, none of them blank at either end.
 */
export const UserId = ShortText(256).pipe(Schema.trimmed(), Schema.nonEmptyString(), Schema.brand("UserId"))
export type UserId = typeof UserId.Type
