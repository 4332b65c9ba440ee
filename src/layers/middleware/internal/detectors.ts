import type { Span } from "./texts.js"

/**
 * The kinds of sensitive data with a built-in detector.
 */
export type SecretKind = "ssn" | "creditCard" | "email" | "phone" | "apiKey"

export interface Detector {
  /** The name in refusals and replacements: `[credit card]`. */
  readonly label: string
  /** Finds matches in a folded text. */
  readonly find: (folded: string) => ReadonlyArray<Span>
}

/** All repetitions in these expressions are bounded, so that they run in linear time. */
const matching = (regex: RegExp, accept: (match: string) => boolean = () => true): Detector["find"] => (folded) =>
  Array.from(folded.matchAll(regex), (match) => ({ start: match.index, end: match.index + match[0].length }))
    .filter(({ end, start }) => accept(folded.slice(start, end)))

/** The checksum of ISO/IEC 7812-1. */
const luhn = (text: string): boolean => {
  const digits = Array.from(text.replace(/\D/g, ""), Number).toReversed()
  const sum = digits.reduce((sum, digit, index) => {
    const weighed = index % 2 === 1 ? digit * 2 : digit
    return sum + (weighed > 9 ? weighed - 9 : weighed)
  }, 0)
  return digits.length <= 19 && sum % 10 === 0 && /[1-9]/.test(text)
}

/** Digits with any spacing. */
const findCards = matching(/(?<!\d|\d[ -])\d(?:[ -]?\d){12,18}(?![ -]?\d)/g, luhn)

/** Digits spaced as on a card. Other numbers may be next to these, such as the expiry date. */
const findPrintedCards = (folded: string): ReadonlyArray<Span> =>
  Array.from(
    folded.matchAll(/(?<!\d)(?=(\d{13,19}|\d{4}([ -])(?:\d{4}\2\d{4}\2\d{4}|\d{6}\2\d{4,5}))(?!\d))/g),
    ({ 1: card = "", index }) => ({ card, start: index, end: index + card.length })
  ).filter(({ card }) => luhn(card))

/** From the header to the footer, or to the end if there is none. */
const findPem = (folded: string): ReadonlyArray<Span> => {
  const spans: Array<Span> = []
  const header = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY( BLOCK)?-----/g
  const footer = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY( BLOCK)?-----/g
  for (let match = header.exec(folded); match !== null; match = header.exec(folded)) {
    footer.lastIndex = header.lastIndex
    const end = footer.exec(folded) === null ? folded.length : footer.lastIndex
    spans.push({ start: match.index, end })
    header.lastIndex = end
  }
  return spans
}

const findToken = matching(
  /(?<![A-Za-z0-9])(?:sk-[A-Za-z0-9_-]{20,512}|gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255}|A(?:KIA|SIA)[A-Z0-9]{16}(?![A-Za-z0-9])|xox[a-z]-[A-Za-z0-9-]{10,255}|AIza[A-Za-z0-9_-]{35})/g
)

/** Searches outwards from the first "." of a token. A search for headers could start at every "-", in quadratic time. */
const findJwts = (folded: string): ReadonlyArray<Span> => {
  const spans: Array<Span> = []
  const claims = /\.eyJ[A-Za-z0-9_-]{4,8192}\.[A-Za-z0-9_-]{10,4096}/g
  for (let match = claims.exec(folded); match !== null; match = claims.exec(folded)) {
    let from = match.index
    while (/[A-Za-z0-9_-]/.test(folded.charAt(from - 1))) from--
    const header = /(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{10}/.exec(folded.slice(from, match.index))
    if (header) spans.push({ start: from + header.index, end: claims.lastIndex })
  }
  return spans
}

/** Searches outwards from each "@". A search for local parts would start at every letter, and take ten times as long. */
const findEmails = (folded: string): ReadonlyArray<Span> => {
  const spans: Array<Span> = []
  const domain = /@(?:[\p{L}\p{N}][\p{L}\p{N}-]{0,62}\.){1,8}\p{L}{2,24}/uy
  for (let at = folded.indexOf("@"); at !== -1; at = folded.indexOf("@", at + 1)) {
    domain.lastIndex = at
    if (domain.exec(folded) === null) continue
    const local = /[\p{L}\p{N}._%+'-]{1,64}$/u.exec(folded.slice(Math.max(0, at - 64), at))
    if (local) spans.push({ start: at - local[0].length, end: domain.lastIndex })
  }
  return spans
}

export const detectors: Readonly<Record<SecretKind, Detector>> = {
  ssn: {
    label: "social security number",
    // Area 000, 666 and 900 to 999, group 00 and serial 0000 are never issued (SSA, POMS RM 10201.035).
    find: matching(/(?<![\dA-Za-z]|\d-)(?!000|666|9)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}(?![\dA-Za-z]|-\d)/g)
  },
  creditCard: {
    label: "credit card",
    find: (folded) => [...findCards(folded), ...findPrintedCards(folded)]
  },
  email: {
    label: "email address",
    find: findEmails
  },
  phone: {
    label: "phone number",
    // E.164 with a plus, and North American numbers with area code and separators.
    find: matching(
      /(?<![\dA-Za-z+])\+[1-9](?:[ ().-]{0,2}\d){7,14}(?!\d)|(?<![\dA-Za-z.-])(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[ .-])[2-9]\d{2}[ .-]\d{4}(?![\dA-Za-z])/g
    )
  },
  apiKey: { label: "API key", find: (folded) => [findPem, findToken, findJwts].flatMap((find) => find(folded)) }
}
