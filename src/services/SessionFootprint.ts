/**
 * What there is in a store because of one session.
 */
export interface SessionFootprint {
  /** Messages that no other session shares, and that go with it. */
  readonly messages: number
  /** Messages that stay, since sessions of other users share them. Not counted while another session of the same user does. */
  readonly sharedMessages: number
  readonly turns: number
}
