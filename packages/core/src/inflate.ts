/**
 * Deflated data (RFC 1951) back to bytes, where `DecompressionStream` or what it needs is missing: test environments, older
 * runtimes. Bit by bit, for kilobytes: it is not responsible for speed.
 */
import { MobileOneError } from './errors.ts'

const longestCode = 15
/** The order in which the lengths of the code-length code are stored, RFC 1951 3.2.7. */
const lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

/** Canonical Huffman code: how many codes each length has, and the symbols in the order of their codes. */
interface Code {
  readonly counts: readonly number[]
  readonly symbols: readonly number[]
}

/** @throws MobileOneError `invalid-file` for data that is cut short or damaged. */
export function inflate(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const out: number[] = []
  let position = 0
  const fail = (): never => {
    throw new MobileOneError('invalid-file', `deflated data is damaged at byte ${position >> 3}`)
  }
  const bits = (count: number): number => {
    let value = 0
    for (let i = 0; i < count; i++, position++) {
      const byte = bytes[position >> 3] ?? fail()
      value |= ((byte >> (position & 7)) & 1) << i
    }
    return value
  }
  const symbolOf = ({ counts, symbols }: Code): number => {
    let code = 0
    let first = 0
    let index = 0
    for (let length = 1; length <= longestCode; length++) {
      code |= bits(1)
      const count = counts[length] as number
      if (code < first + count) return symbols[index + code - first] as number
      index += count
      first = (first + count) << 1
      code <<= 1
    }
    return fail()
  }
  const stored = (): void => {
    position = (position + 7) & ~7
    const length = bits(16)
    if ((bits(16) ^ length) !== 0xffff) fail()
    for (let i = 0; i < length; i++) out.push(bits(8))
  }
  const dynamicCodes = (): [Code, Code] => {
    const literals = bits(5) + 257
    const distances = bits(5) + 1
    const lengths = new Array<number>(19).fill(0)
    for (let i = 0, count = bits(4) + 4; i < count; i++) lengths[lengthOrder[i] as number] = bits(3)
    const lengthCode = codeOf(lengths)
    const all: number[] = []
    while (all.length < literals + distances) {
      const symbol = symbolOf(lengthCode)
      if (symbol < 16) all.push(symbol)
      else {
        const value = symbol === 16 ? (all.at(-1) ?? fail()) : 0
        const count = symbol === 16 ? 3 + bits(2) : symbol === 17 ? 3 + bits(3) : 11 + bits(7)
        for (let i = 0; i < count; i++) all.push(value)
      }
    }
    return [codeOf(all.slice(0, literals)), codeOf(all.slice(literals, literals + distances))]
  }
  const compressed = ([literals, distances]: readonly [Code, Code]): void => {
    for (;;) {
      const symbol = symbolOf(literals)
      if (symbol === 256) return
      if (symbol < 256) out.push(symbol)
      else {
        const length = symbol === 285 ? 258 : 3 + extended(symbol - 257, 4)
        const distance = 1 + extended(symbolOf(distances), 2)
        if (distance > out.length) fail()
        for (let i = 0; i < length; i++) out.push(out[out.length - distance] as number)
      }
    }
  }
  /** Lengths and distances in their steps: `perDoubling` codes for each power of 2, with more and more extra bits. */
  const extended = (code: number, perDoubling: number): number => {
    if (code < 2 * perDoubling) return code
    const extra = Math.floor(code / perDoubling) - 1
    return ((perDoubling + (code % perDoubling)) << extra) + bits(extra)
  }

  for (let isLast = 0; !isLast; ) {
    isLast = bits(1)
    const type = bits(2)
    if (type === 0) stored()
    else if (type === 3) fail()
    else compressed(type === 1 ? fixedCodes() : dynamicCodes())
  }
  return Uint8Array.from(out)
}

function codeOf(lengths: readonly number[]): Code {
  const counts = new Array<number>(longestCode + 1).fill(0)
  for (const length of lengths) if (length > 0) counts[length]!++
  const symbols = [...lengths.keys()].filter((symbol) => lengths[symbol] !== 0)
  return { counts, symbols: symbols.sort((a, b) => lengths[a]! - lengths[b]! || a - b) }
}

function fixedCodes(): [Code, Code] {
  const lengths = Array.from({ length: 288 }, (_, symbol) =>
    symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8,
  )
  return [codeOf(lengths), codeOf(new Array(30).fill(5))]
}
