import * as DateTime from "effect/DateTime"
import { startOfDay } from "../../../domain/UsageEntry.js"

/**
 * A day as an answer names it: `2026-03-01`.
 */
export const dayText = (day: number): string => DateTime.formatIsoDateUtc(startOfDay(day))
