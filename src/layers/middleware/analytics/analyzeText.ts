import type { TextAnalysis } from "./TextAnalysis.js"

// `und`: the same in each process, whatever its locale is.
const wordsOf = new Intl.Segmenter("und", { granularity: "word" })
const sentencesOf = new Intl.Segmenter("und", { granularity: "sentence" })

const url = /https?:\/\/\S+/giu
/** The Latin one, the Greek, the Arabic, the Ethiopic, the Armenian, and the wide one of East Asia. */
const questionMark = /[?\u037E\u061F\u1367\u055E\uFF1F]/u
const code = /`[^`]+`/u

/**
 * Looks at no more than `limit` characters, since it takes time in proportion.
 */
export const analyzeText = (text: string, limit: number): TextAnalysis => {
  const part = text.slice(0, limit)
  let words = 0
  let letters = 0
  for (const { isWordLike, segment } of wordsOf.segment(part)) {
    if (isWordLike !== true) continue
    words++
    letters += segment.length
  }
  let sentences = 0
  for (const { segment } of sentencesOf.segment(part)) if (segment.trim() !== "") sentences++
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
