import type { SendOutcome } from "../domain/TurnReceipt.js"

/**
 * What became of a send, in words.
 */
export const outcomeText: Readonly<Record<SendOutcome, string>> = {
  started: "it is being answered",
  queued: "it waits behind others",
  interrupted: "the running turn is stopped for it",
  rolledBack: "the running turn is taken back for it",
  steered: "it waits to join the running turn",
  joined: "its key was known: this is the turn of an earlier send"
}
