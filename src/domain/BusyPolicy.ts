import * as Schema from "effect/Schema"

/**
 * What becomes of a send while another turn runs. `queue`: it waits for its turn. `reject`: it fails with `SessionBusy`.
 * `interrupt`: the running turn is stopped and keeps what had arrived. `rollback`: it is stopped, and question and answer
 * leave the history. `steer`: it joins the running turn at its next provider call, and is the next turn if there is none.
 */
export const BusyPolicy = Schema.Literal("queue", "reject", "interrupt", "rollback", "steer")
export type BusyPolicy = typeof BusyPolicy.Type
