import * as Logger from "effect/Logger"
import { escapeText } from "../services/internal/escapeText.js"

/**
 * Writes each entry as one line of `name=value`, to standard output. Whatever the entry holds, control characters and line breaks
 * are escaped, so that no value can forge a line or reach a terminal.
 */
export const lineLogger: Logger.Logger<unknown, void> = Logger.withConsoleLog(
  Logger.map(Logger.logfmtLogger, escapeText)
)
