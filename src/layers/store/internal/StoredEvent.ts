import type { SessionEvent } from "../../../domain/SessionEvent.js"

/**
 * An event that a commit may bring: the first one is the store's own, and the last one is never stored.
 */
export type StoredEvent = Exclude<SessionEvent, { readonly _tag: "SessionCreated" | "SessionDeleted" }>
