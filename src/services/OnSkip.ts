import type { MiddlewareSkipped } from "../domain/MiddlewareSkipped.js"

/**
 * Told of each optional middleware that was skipped. May neither wait nor throw.
 */
export type OnSkip = (skipped: MiddlewareSkipped) => void
