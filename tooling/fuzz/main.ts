/** `npm run fuzz`: hostile inputs for every parser of foreign bytes; `--help` says more. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { arch, availableParallelism, cpus, loadavg, platform, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { writePlaces } from '../../packages/testkit/src/written-places.ts'
import { emptyTally, makeInput, type Tally } from './fuzz-parser.ts'
import { judge } from './judge.ts'
import { parsers } from './parsers.ts'
import type { Job } from './worker.ts'

const help = `Hostile inputs for every parser of foreign bytes, shared equally over the time. An untyped error, more than 2 s of CPU, or more than
ten times the file and 50 MB is a fault; the exit code is then 1.

  npm run fuzz -- [--minutes 2] [--seed N] [--only NAME,...] [--at N] [--write docs/reliability.md]

--minutes  For all parsers together. Default 2.
--seed     A whole number; without it another one each time, which is printed.
--only     Some of the parsers: PARSERS.
--at       With --only: write input N of the seed to a file and read it once.
--write    Fill the places of that file between <!-- fuzz run --> and <!-- /fuzz --> with what was found.
`

const longestInputMs = 20_000
const folder = 'node_modules/.fuzz'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '2' },
    seed: { type: 'string' },
    only: { type: 'string' },
    at: { type: 'string' },
    write: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  process.stdout.write(help.replace('PARSERS', Object.keys(parsers).join(', ')))
  process.exit()
}
const minutes = Number(values.minutes)
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed)
const names = values.only === undefined ? Object.keys(parsers) : values.only.split(',')
const unknown = names.filter((name) => !Object.hasOwn(parsers, name))
if (!(minutes > 0) || !Number.isSafeInteger(seed) || unknown.length > 0) {
  console.error(
    `use --minutes <number above 0> --seed <whole number> --only <${Object.keys(parsers).join('|')}>` +
      (unknown.length > 0 ? `; there is no parser ${unknown.join(', ')}` : ''),
  )
  process.exit(2)
}

if (values.at === undefined) await fuzz()
else {
  const parser = parsers[names[0]!]!()
  const bytes = makeInput(parser, seed, Number(values.at))
  console.log(`${save(parser.name, values.at)}: ${bytes.length} bytes`, await judge(parser, bytes))
}

async function fuzz(): Promise<void> {
  console.log(`seed ${seed}, ${minutes} minutes, ${names.length} parsers`)
  let isBad = false
  const before = loadavg()[0] as number
  const date = new Date().toISOString().slice(0, 16).replace('T', ' ')
  const rows: string[] = []
  for (const name of names) {
    const tally = await fuzzOne(name, (minutes * 60_000) / names.length)
    const outcomes = Object.entries(tally.outcomes)
      .sort(([, a], [, b]) => b - a)
      .map(([outcome, times]) => `${outcome} ${times}`)
    console.log(
      `${name.padEnd(12)} ${String(tally.inputs).padStart(8)} inputs, worst ${tally.worstCpuMs.toFixed(0)} ms of CPU and ` +
        `${(tally.worstMemory / 1e6).toFixed(1)} MB; ${outcomes.join(', ')}`,
    )
    rows.push(
      `| ${name} | ${tally.inputs.toLocaleString('en-US')} | ${tally.worstCpuMs.toFixed(0)} ms | ` +
        `${(tally.worstMemory / 1e6).toFixed(1)} MB | ${outcomes.join(', ')} | ${tally.faults.length} |`,
    )
    for (const { input, fault } of tally.faults.slice(0, 20)) {
      isBad = true
      console.log(`  FAULT ${input.startsWith('corpus') ? input : save(name, input)}: ${fault}`)
    }
    if (tally.faults.length > 20) console.log(`  and ${tally.faults.length - 20} more faults`)
  }
  process.exitCode = isBad ? 1 : 0
  if (values.write === undefined) return
  const run =
    `${date} UTC, ${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, ` +
    `${platform()} ${arch()}, load ${before.toFixed(1)} before and ${loadavg()[0]?.toFixed(1)} after. ` +
    `node ${process.versions.node}. Seed ${seed}, ${minutes} minutes for ${names.length} parsers.\n`
  const table = [
    '| parser | inputs | most CPU | most memory | outcomes | faults |',
    '| --- | ---: | ---: | ---: | --- | ---: |',
    ...rows,
    '',
  ].join('\n')
  const results: Readonly<Record<string, string>> = { run, parsers: table }
  writePlaces(values.write, { kind: 'fuzz', what: 'it', example: 'run' }, (name) => results[name])
}

/** Fuzz one parser for `ms`; where an input kills or blocks its thread, another goes on behind it. */
async function fuzzOne(parser: string, ms: number): Promise<Tally> {
  const sum = emptyTally()
  const until = Date.now() + ms
  for (let from = 0; from === 0 || Date.now() < until; ) {
    const memory = new SharedArrayBuffer(4)
    const place = new Int32Array(memory)
    Atomics.store(place, 0, from)
    const job: Job = { parser, seed, from, until, at: memory }
    const worker = new Worker(new URL('./worker.mjs', import.meta.url), {
      workerData: job,
      resourceLimits: { maxOldGenerationSizeMb: 1024 },
    })
    let latest = { tally: emptyTally(), next: from }
    worker.on('message', (message) => {
      latest = message
    })
    const ended = await watch(worker, place)
    merge(sum, latest.tally)
    if (ended === undefined) return sum
    const at = Atomics.load(place, 0)
    const input = at < 0 ? -at : at
    sum.faults.push({ input: String(input), fault: ended })
    from = input + 1
  }
  return sum
}

/** Why the thread ended before its time; undefined where it did not. */
async function watch(worker: Worker, place: Int32Array): Promise<string | undefined> {
  let last = Atomics.load(place, 0)
  let since = Date.now()
  const timer = setInterval(() => {
    const now = Atomics.load(place, 0)
    if (now !== last) [last, since] = [now, Date.now()]
    else if (now >= 0 && Date.now() - since > longestInputMs) void worker.terminate()
  }, 1000)
  try {
    return await new Promise((resolve) => {
      worker.on('error', (error) => resolve(`the thread ended: ${error.message}`))
      worker.on('exit', (code) =>
        resolve(code === 0 ? undefined : `no end within ${longestInputMs / 1000} s`),
      )
    })
  } finally {
    clearInterval(timer)
  }
}

function merge(sum: Tally, more: Tally): void {
  sum.inputs += more.inputs
  sum.worstCpuMs = Math.max(sum.worstCpuMs, more.worstCpuMs)
  sum.worstMemory = Math.max(sum.worstMemory, more.worstMemory)
  sum.faults.push(...more.faults)
  for (const [outcome, times] of Object.entries(more.outcomes)) {
    sum.outcomes[outcome] = (sum.outcomes[outcome] ?? 0) + times
  }
}

function save(name: string, index: string): string {
  mkdirSync(folder, { recursive: true })
  const file = `${folder}/${name}-${seed}-${index}`
  writeFileSync(file, makeInput(parsers[name]!(), seed, Number(index)))
  return file
}
