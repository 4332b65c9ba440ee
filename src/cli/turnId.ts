import * as Args from "@effect/cli/Args"

/**
 * The turn that a command is about.
 */
export const turnId = Args.text({ name: "turn" }).pipe(Args.withDescription("The turn's id, as pending prints it"))
