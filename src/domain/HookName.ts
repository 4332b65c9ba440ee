import * as Schema from "effect/Schema"
import { ShortText } from "./ShortText.js"

/**
 * A hook's name, unique within a bus: 1 to 64 characters, none of them a control character or a lone surrogate.
 */
export const HookName = ShortText(64).pipe(Schema.nonEmptyString())
