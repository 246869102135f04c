import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const data = new URL('../data/', import.meta.url)
const goldenFolder = new URL('../../../../../shared/golden/', import.meta.url)

/** A fixture of `test/data`, in memory of its own. */
export function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(name, data)))
}

export function fixtureJson<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, data), 'utf8')) as T
}

/** Whether the golden data is there; says so where it is not. */
export function goldenPresent(): boolean {
  const present = existsSync(goldenFolder)
  if (!present) console.warn(`skipped: no golden data at ${fileURLToPath(goldenFolder)}`)
  return present
}

export function golden(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(name, goldenFolder)))
}

export function toFloats(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
}
