import { SessionQuery } from "./SessionQuery.js"

/**
 * Which sessions to export. What is left out matches all.
 */
export const ExportSessions = SessionQuery.omit("cursor", "limit")
export type ExportSessions = typeof ExportSessions.Type
