import type { ResponseCreateParamsStreaming } from "openai/resources/responses/responses"

/**
 * Where the conversation of a call is kept, in the vendor's words. `cursorOf` says where it is once there is a response with
 * this id.
 */
export interface Place {
  readonly params: Pick<ResponseCreateParamsStreaming, "conversation" | "include" | "previous_response_id" | "store">
  readonly cursorOf: (responseId: string) => string | undefined
}

/** With us only. Reasoning is sent along encrypted, so that it can go back. */
export const nowhere: Place = {
  params: { store: false, include: ["reasoning.encrypted_content"] },
  cursorOf: () => undefined
}

/** For models that do not reason, and refuse to be asked for it. */
export const nowhereWithoutReasoning: Place = { ...nowhere, params: { store: false } }

export const inConversation = (id: string): Place => ({ params: { conversation: id }, cursorOf: () => id })

/** Behind a response. The first is behind none. */
export const behindResponse = (id?: string): Place => ({
  params: { store: true, ...(id !== undefined && { previous_response_id: id }) },
  cursorOf: (responseId) => responseId
})

export const isConversation = (cursor: string): boolean => cursor.startsWith("conv_")

export const placeOf = (cursor: string): Place =>
  isConversation(cursor) ? inConversation(cursor) : behindResponse(cursor)
