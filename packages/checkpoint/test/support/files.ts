import { readFileSync } from 'node:fs'

const data = new URL('../data/', import.meta.url)

/** A fixture of `test/data`, in memory of its own. */
export function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(name, data)))
}

export function fixtureJson<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, data), 'utf8')) as T
}

export function toFloats(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
}
