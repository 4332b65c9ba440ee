/** A place in a text, in UTF-16 units, `end` not included. */
export interface Span {
  readonly start: number
  readonly end: number
}
