import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

/** Packages whose built files a bundler puts into pages. */
const packages = ['core', 'hub', 'checkpoint', 'onnx', 'tflite', 'backend-wasm', 'backend-webgpu', 'sdk']

/** A bundler that sees them by their bare names adds a polyfill, and Parcel a dependency to the project. */
const bare =
  /(?<![\w.$])(?:typeof (?:process|Buffer|global|require)\b|(?:process|Buffer|global)\s*\??\.[\w[(])/

test.each(packages)('%s names no global of Node but as a property of globalThis', (name) => {
  const dist = new URL(`../../${name}/dist/`, import.meta.url)
  const files = readdirSync(dist).filter((file) => file.endsWith('.mjs'))
  expect(files).toContain('index.mjs')
  const found = files.flatMap((file) => {
    const lines = readFileSync(new URL(file, dist), 'utf8').split('\n')
    return lines.filter((line) => bare.test(line)).map((line) => `${file}: ${line.trim().slice(0, 200)}`)
  })
  expect(found).toEqual([])
})
