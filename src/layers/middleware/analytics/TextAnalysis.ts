/**
 * What a text is like.
 */
export interface TextAnalysis {
  /** UTF-16 code units, as `length` counts. */
  readonly characters: number
  /** By the rules of Unicode (UAX 29), whatever the language. This and all below: of the first `analyzed` characters. */
  readonly words: number
  readonly sentences: number
  readonly analyzed: number
  /**
   * From 0 to 1: the mean of three parts, each of which is at most 1. Words of 100, words a sentence of 25, characters a word
   * of 10.
   */
  readonly complexity: number
  /** Has something between backticks. */
  readonly hasCode: boolean
  /** Has a question mark of some script, outside of addresses. */
  readonly hasQuestion: boolean
  /** Has an `http:` or `https:` address. */
  readonly hasUrl: boolean
}
