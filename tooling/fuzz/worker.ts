/** Fuzzes one parser in a thread of its own, so that an input that never ends, or takes all memory, ends this thread only. */
import { parentPort, workerData } from 'node:worker_threads'
import { corpusOf, count, emptyTally, makeInput } from './fuzz-parser.ts'
import { parsers } from './parsers.ts'

/** What a thread is given. */
export interface Job {
  readonly parser: string
  readonly seed: number
  readonly from: number
  /** Milliseconds since 1970. */
  readonly until: number
  /** Where the number of the input at hand is written, and -1 - n once input n is done. */
  readonly at: SharedArrayBuffer
}

const { parser: name, seed, from, until, at } = workerData as Job
const parser = parsers[name]!()
const tally = emptyTally()
const place = new Int32Array(at)
if (from === 0) for (const [file, bytes] of corpusOf(name)) await count(tally, parser, file, bytes)
let index = from
for (; Date.now() < until; index++) {
  const bytes = makeInput(parser, seed, index)
  Atomics.store(place, 0, index)
  await count(tally, parser, String(index), bytes)
  Atomics.store(place, 0, -1 - index)
  if (index % 500 === 0) parentPort?.postMessage({ tally, next: index + 1 })
}
parentPort?.postMessage({ tally, next: index })
