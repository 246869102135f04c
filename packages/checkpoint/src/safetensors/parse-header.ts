/**
 * The JSON header of a safetensors file, read by a parser that knows only this document: an object of tensor entries and
 * `__metadata__`. Unlike `JSON.parse` it sees duplicate keys and names byte offsets.
 */
import { invalidFile } from '../invalid-file.ts'
import { limits } from '../limits.ts'
import { maxRank } from '../stored-tensor.ts'

export interface HeaderEntry {
  readonly dtype: string
  readonly shape: readonly number[]
  /** Relative to the end of the header. */
  readonly begin: number
  readonly end: number
}

export interface Header {
  readonly entries: ReadonlyMap<string, HeaderEntry>
  readonly metadata: ReadonlyMap<string, string>
}

/** @param text The header. @param at Its byte offset in the file, for messages. */
export function parseHeader(text: string, at: number): Header {
  let position = 0
  const fail = (what: string): never =>
    invalidFile(
      `safetensors: ${what} in the header at character ${position} (the header begins at byte ${at})`,
    )

  const space = (): void => {
    for (;;) {
      const code = text.charCodeAt(position)
      if (code === 32 || code === 9 || code === 10 || code === 13) position++
      else return
    }
  }
  const peek = (): string => {
    space()
    return text.charAt(position)
  }
  const expect = (character: string): void => {
    if (peek() !== character) fail(`expected ${character}, found ${JSON.stringify(text.charAt(position))},`)
    position++
  }
  const string = (): string => {
    expect('"')
    const start = position
    let escaped = false
    for (;;) {
      const code = text.charCodeAt(position)
      if (code === 34) break
      if (Number.isNaN(code) || code < 32) fail('unterminated string')
      if (code === 92) {
        escaped = true
        position++
      }
      position++
    }
    const raw = text.slice(start, position++)
    if (!escaped) return raw
    try {
      return JSON.parse(`"${raw}"`) as string
    } catch {
      return fail('a string with an invalid escape')
    }
  }
  const integer = (): number => {
    space()
    const start = position
    while (position - start <= 16 && text.charCodeAt(position) >= 48 && text.charCodeAt(position) <= 57)
      position++
    const value = Number(text.slice(start, position))
    if (position === start || !Number.isSafeInteger(value)) fail('expected a non-negative integer below 2^53')
    return value
  }
  const integers = (most: number): number[] => {
    const values: number[] = []
    expect('[')
    if (peek() === ']') {
      position++
      return values
    }
    for (;;) {
      values.push(integer())
      if (values.length > most) fail(`a list of more than ${most} integers`)
      if (peek() === ']') break
      expect(',')
    }
    position++
    return values
  }
  const object = (visit: (key: string) => void): void => {
    expect('{')
    if (peek() === '}') {
      position++
      return
    }
    for (;;) {
      const key = string()
      expect(':')
      visit(key)
      if (peek() === '}') break
      expect(',')
    }
    position++
  }
  const entry = (name: string): HeaderEntry => {
    let dtype: string | undefined
    let shape: number[] | undefined
    let offsets: number[] | undefined
    object((key) => {
      if (key === 'dtype' && dtype === undefined) dtype = string()
      else if (key === 'shape' && shape === undefined) shape = integers(maxRank)
      else if (key === 'data_offsets' && offsets === undefined) offsets = integers(2)
      else fail(`tensor ${JSON.stringify(name)} has a second or unknown field ${JSON.stringify(key)}`)
    })
    if (dtype === undefined || shape === undefined || offsets?.length !== 2) {
      return fail(`tensor ${JSON.stringify(name)} lacks dtype, shape or two data_offsets`)
    }
    return { dtype, shape, begin: offsets[0]!, end: offsets[1]! }
  }

  const entries = new Map<string, HeaderEntry>()
  const metadata = new Map<string, string>()
  let sawMetadata = false
  object((name) => {
    if (name === '__metadata__') {
      if (sawMetadata) fail('__metadata__ appears twice')
      sawMetadata = true
      object((key) => {
        if (metadata.has(key)) fail(`metadata key ${JSON.stringify(key)} appears twice`)
        metadata.set(key, string())
      })
      return
    }
    if (entries.size >= limits.tensors) fail(`more than ${limits.tensors} tensors`)
    if (entries.has(name)) fail(`tensor ${JSON.stringify(name)} appears twice`)
    entries.set(name, entry(name))
  })
  space()
  if (position !== text.length) fail('unexpected characters after the object')
  return { entries, metadata }
}
