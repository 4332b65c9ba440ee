import type { ResponseCreateParamsStreaming } from "openai/resources/responses/responses"

/**
 * Where the conversation of a call is kept: request parameters in the vendor's words, and the cursor to store once there is a
 * response with this id.
 */
export interface ConversationMode {
  readonly params: Pick<ResponseCreateParamsStreaming, "conversation" | "include" | "previous_response_id" | "store">
  readonly toCursor: (responseId: string) => string | undefined
}

/** The vendor keeps nothing. Reasoning comes encrypted, so that it can be sent back. */
export const stateless: ConversationMode = {
  params: { store: false, include: ["reasoning.encrypted_content"] },
  toCursor: () => undefined
}

/** For models that do not reason: they refuse a request for encrypted reasoning. */
export const statelessWithoutReasoning: ConversationMode = { ...stateless, params: { store: false } }

export const inConversation = (id: string): ConversationMode => ({ params: { conversation: id }, toCursor: () => id })

/** Appends to the chain of responses. Without an id, starts a new chain. */
export const afterResponse = (id?: string): ConversationMode => ({
  params: { store: true, ...(id !== undefined && { previous_response_id: id }) },
  toCursor: (responseId) => responseId
})

export const modeFromCursor = (cursor: string): ConversationMode =>
  isConversation(cursor) ? inConversation(cursor) : afterResponse(cursor)

/** Cursors of conversations are named `conv_...`, those of responses `resp_...`. */
export const isConversation = (cursor: string): boolean => cursor.startsWith("conv_")
