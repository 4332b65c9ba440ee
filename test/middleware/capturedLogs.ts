import { Cause, Effect, HashMap, Logger, LogLevel } from "effect"

export interface LogLine {
  readonly level: LogLevel.LogLevel["_tag"]
  readonly message: string
  readonly annotations: Readonly<Record<string, unknown>>
  readonly cause: string
}

/** Runs an effect with the lines that it logs, of any level. */
export const withCapturedLogs = <A, E, R>(use: (lines: ReadonlyArray<LogLine>) => Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const lines: Array<LogLine> = []
    const logger = Logger.make(({ annotations, cause, logLevel, message }) => {
      lines.push({
        level: logLevel._tag,
        message: [message].flat().join(" "),
        annotations: Object.fromEntries(HashMap.toEntries(annotations)),
        cause: Cause.pretty(cause)
      })
    })
    return use(lines).pipe(
      Logger.withMinimumLogLevel(LogLevel.All),
      Effect.provide(Logger.replace(Logger.defaultLogger, logger))
    )
  })
