import type * as Data from "effect/Data"

/**
 * One entry of the vendor's own copy of a conversation. `Message`: something said, by a role as the vendor names it. `Other`:
 * anything else, of a type as the vendor names it, such as `function_call` or `reasoning`.
 */
export type ConversationItem = Data.TaggedEnum<{
  Message: { readonly id: string; readonly role: string; readonly text: string }
  Other: { readonly id: string; readonly type: string }
}>
