import * as Args from "@effect/cli/Args"

/**
 * The session that a command is about.
 */
export const sessionId = Args.text({ name: "id" }).pipe(Args.withDescription("The session's id"))
