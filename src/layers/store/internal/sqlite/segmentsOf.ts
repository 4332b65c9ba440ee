import * as Arr from "effect/Array"
import * as Order from "effect/Order"
import type { Message } from "../../../../domain/Message.js"

export interface Segment {
  readonly from: number
  readonly to: number
  readonly rewound: number
}

/**
 * The fewest segments that show a history and what was rewound of it, with a gap wherever there is one.
 */
export const segmentsOf = (
  messages: ReadonlyArray<Message>,
  rewound: ReadonlyArray<Message>
): ReadonlyArray<Segment> => {
  const segments: Array<Segment> = []
  const places = [
    ...messages.map(({ seq }) => ({ seq, rewound: 0 })),
    ...rewound.map(({ seq }) => ({ seq, rewound: 1 }))
  ]
  for (const { rewound, seq } of Arr.sort(places, bySeq)) {
    const last = segments.at(-1)
    const from = last && last.to === seq - 1 && last.rewound === rewound ? segments.pop()?.from ?? seq : seq
    segments.push({ from, to: seq, rewound })
  }
  return segments
}

const bySeq = Order.mapInput(Order.number, ({ seq }: { readonly seq: number }) => seq)
