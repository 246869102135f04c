/**
 * A Python process that answers calls, one after the other. A message either way is a line of JSON, `blobs` in it the lengths of what
 * follows the line: arrays of numbers and files, raw.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { pythonFolder } from './environment.mjs'

export class PythonProcess {
  #child
  #answers
  #errors = ''

  constructor(python) {
    this.#child = spawn(python, ['-W', 'ignore', join(pythonFolder, 'serve.py')], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, PYTHONHASHSEED: '0', PYTHONDONTWRITEBYTECODE: '1' },
    })
    this.#child.stderr.setEncoding('utf8').on('data', (text) => {
      this.#errors = (this.#errors + text).slice(-4000)
    })
    this.#child.stdin.on('error', () => {})
    this.#answers = readAnswers(this.#child.stdout)
  }

  /**
   * Call `name`, `<module>.<function>` of the folder python/, with plain data and blobs.
   * @returns its result and blobs. @throws Error with what Python wrote where it failed.
   */
  async ask(name, given = {}, blobs = []) {
    const bytes = blobs.map(({ buffer, byteOffset, byteLength }) =>
      Buffer.from(buffer, byteOffset, byteLength),
    )
    const head = { call: name, args: given, blobs: bytes.map(({ length }) => length) }
    this.#child.stdin.write(Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), ...bytes]))
    const { value, done } = await this.#answers.next()
    if (done) {
      const { exitCode, signalCode } = this.#child
      throw new Error(`Python ended in ${name} (${signalCode ?? exitCode}):\n${this.#errors}`)
    }
    if (value.error !== undefined) throw new Error(`${name}: ${value.error}`)
    return value
  }

  /** Let it end, and wait until it has. */
  async close() {
    const ended = new Promise((resolve) => this.#child.once('close', resolve))
    if (this.#child.exitCode !== null) return
    this.#child.stdin.end()
    await ended
  }
}

/** The float32 numbers of a blob. */
export function floats(blob) {
  return new Float32Array(blob.buffer.slice(blob.byteOffset, blob.byteOffset + blob.byteLength))
}

async function* readAnswers(stream) {
  const chunks = stream[Symbol.asyncIterator]()
  let kept = Buffer.alloc(0)
  const take = async (enough) => {
    const parts = [kept]
    let length = kept.length
    while (!enough(parts.at(-1), length)) {
      const { value, done } = await chunks.next()
      if (done) return false
      parts.push(value)
      length += value.length
    }
    kept = Buffer.concat(parts)
    return true
  }
  while (await take((last) => last.includes(10))) {
    const end = kept.indexOf(10)
    const { blobs: lengths, ...answer } = JSON.parse(kept.subarray(0, end).toString())
    kept = kept.subarray(end + 1)
    const total = lengths.reduce((sum, length) => sum + length, 0)
    if (!(await take((_, length) => length >= total))) return
    let at = 0
    const blobs = lengths.map((length) => {
      at += length
      return new Uint8Array(kept.subarray(at - length, at))
    })
    kept = kept.subarray(total)
    yield { ...answer, blobs }
  }
}
