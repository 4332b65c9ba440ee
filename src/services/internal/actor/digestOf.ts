import { createHash } from "node:crypto"
import type { MessageContent } from "../../../domain/MessageContent.js"

/**
 * Tells whether two sends with the same key say the same.
 */
export const digestOf = ({ content, metadata = {} }: MessageContent): string =>
  createHash("sha256").update(JSON.stringify([content, metadata])).digest("base64url").slice(0, 22)
