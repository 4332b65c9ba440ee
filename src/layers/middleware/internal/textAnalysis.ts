/**
 * Measurements of a text. All but `characters` cover its first `analyzed` characters.
 */
export interface TextAnalysis {
  /** Length of the whole text, in UTF-16 code units. */
  readonly characters: number
  /** Counted by the Unicode rules (UAX 29), in any language. */
  readonly words: number
  readonly sentences: number
  readonly analyzed: number
  /**
   * From 0 to 1: the mean of words / 100, words per sentence / 25, and characters per word / 10, each at most 1. Comparable
   * between texts of one language.
   */
  readonly complexity: number
  /** Contains text between backticks. */
  readonly hasCode: boolean
  /** Contains a question mark of any script, outside URLs. */
  readonly hasQuestion: boolean
  /** Contains an `http:` or `https:` URL. */
  readonly hasUrl: boolean
}

/**
 * Analyzes at most `limit` characters, because the time grows with the length.
 */
export const analyzeText = (text: string, limit: number): TextAnalysis => {
  const part = text.slice(0, limit)
  let words = 0
  let letters = 0
  for (const { isWordLike, segment } of wordSegmenter.segment(part)) {
    if (isWordLike !== true) continue
    words++
    letters += segment.length
  }
  let sentences = 0
  for (const { segment } of sentenceSegmenter.segment(part)) if (segment.trim() !== "") sentences++
  const withoutUrls = part.replaceAll(url, " ")
  return {
    characters: text.length,
    words,
    sentences,
    analyzed: part.length,
    complexity: words === 0 ? 0 : (share(words, 100) + share(words / sentences, 25) + share(letters / words, 10)) / 3,
    hasCode: code.test(part),
    hasQuestion: questionMark.test(withoutUrls),
    hasUrl: withoutUrls !== part
  }
}

const share = (value: number, of: number): number => Math.min(1, value / of)

// `und`, so that the result does not depend on the locale of the process.
const wordSegmenter = new Intl.Segmenter("und", { granularity: "word" })
const sentenceSegmenter = new Intl.Segmenter("und", { granularity: "sentence" })

const url = /https?:\/\/\S+/giu
/** Latin, Greek, Arabic, Ethiopic, Armenian, and full-width. */
const questionMark = /[?\u037E\u061F\u1367\u055E\uFF1F]/u
const code = /`[^`]+`/u
