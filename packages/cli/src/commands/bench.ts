import { loadavg } from 'node:os'
import { toSafetensors } from '@mobileone/checkpoint'
import { initialize, type Model, type Variant, variants } from '@mobileone/core'
import {
  benchmark,
  type ContenderTraits,
  foreignTraits,
  type Lane,
  nameOf,
  prepareSubject,
  protocol,
  type Report,
  randomDeployModel,
  reportText,
} from '@mobileone/measure'
import {
  describeMachine,
  nodeLane,
  openNodePeaks,
  type SubjectFiles,
  subjectFiles,
} from '@mobileone/measure/node'
import { toOnnx } from '@mobileone/onnx'
import { isZooName, zooNetwork } from '@mobileone/zoo'
import { type BackendFlags, backendFlags, backendNames, checkThreads, createBackend } from '../backends.ts'
import { defineCommand, UsageError } from '../command.ts'
import { writeFileAtomic } from '../files.ts'
import {
  jsonFlag,
  offlineFlag,
  outputFlag,
  sha256Flag,
  shapeFlags,
  variantFlag,
  weightsFlag,
} from '../flags.ts'
import { foldFor, interrupted, loadFor, threadsOf } from '../session.ts'
import { printJson, printLine, printNote, progressBar } from '../terminal.ts'
import { version } from '../version.ts'
import { type ShapeFlags, shapeOf, withShape } from '../weights.ts'

/** The runtimes people compare with; each is measured if it is installed. */
const others: Readonly<Record<string, ContenderTraits>> = {
  'ort-node': foreignTraits['ort-node'],
  'ort-wasm': foreignTraits['ort-wasm'],
}
const ownPrefix = 'mobileone-'
/** The interpreter of Core ML programs tells nothing about the speed of Core ML. */
const measured = backendNames.filter((name) => name !== 'coreml')
const ours: ContenderTraits = { format: 'model', layout: 'NCHW' }

export const bench = defineCommand({
  name: 'bench',
  summary: 'Measure how fast this machine runs a network, beside ONNX Runtime where that is installed.',
  details:
    "Each contender has a process of its own; they take turns run by run, so that whatever else the machine does meets all of\nthem, and each is checked against the reference first. Without --weights the network of --variant has random weights,\nwhich take as long as real ones. '% peak' is the share of the float32 multiply-adds this Node's WebAssembly can do here,\nmeasured in the same run; native code can exceed 100.",
  positionals: '',
  minPositionals: 0,
  maxPositionals: 0,
  flags: {
    variant: { ...variantFlag, help: 'Which network; without --weights s0' },
    weights: weightsFlag,
    ...shapeFlags,
    backend: { ...backendFlags.backend, choices: measured },
    threads: {
      ...backendFlags.threads,
      help: 'Threads of every contender that has them; auto: as many as --backend wasm is fastest with, measured',
      default: 1,
    },
    'tfjs-backend': backendFlags['tfjs-backend'],
    provider: backendFlags.provider,
    against: {
      type: 'string',
      value: '<names>',
      help: `Other runtimes to measure, of ${Object.keys(others).join(', ')}; or none`,
      default: Object.keys(others).join(','),
    },
    runs: { type: 'number', value: '<n>', help: 'Timed runs of each', default: 30 },
    sha256: sha256Flag,
    offline: offlineFlag,
    output: { ...outputFlag, help: 'Write the JSON document there too' },
    json: jsonFlag,
  },
  examples: [
    'mobileone bench',
    'mobileone bench --variant s4 --threads 2 --against none',
    'mobileone bench --variant mobilenetv2_100',
    'mobileone bench --weights mine.safetensors --json > speed.json',
  ],
  async run(_, flags) {
    const before = loadavg()
    const rivals = flags.against === 'none' ? [] : flags.against.split(',').map((name) => name.trim())
    const unknown = rivals.find((name) => !Object.hasOwn(others, name))
    if (unknown !== undefined) {
      throw new UsageError(
        `--against knows ${Object.keys(others).join(', ')} and none; there is no "${unknown}"`,
      )
    }
    checkThreads(flags.threads)
    const variant = flags.variant ?? 's0'
    const model =
      flags.weights === undefined ? randomModel(variant, flags) : await foldFor(await loadFor(flags))
    const name = flags.weights === undefined ? variant : model.name
    const progress = progressBar()
    const files = subjectFiles({ model: toSafetensors, onnx: toOnnx })
    const threads = flags.threads === 'auto' ? await measuredThreads(model) : flags.threads
    const rounds = protocol('default', { runs: flags.runs })
    const peaks = await openNodePeaks([...new Set([1, threads])])
    try {
      progress.onProgress({ phase: `${name}: reference`, done: 0 })
      const subject = await prepareSubject(name, model, interrupted)
      const lanes = [`${ownPrefix}${flags.backend}`, ...rivals].map((contender) =>
        lane(contender, threads, files, flags),
      )
      const {
        results,
        skipped,
        peaks: measured,
      } = await benchmark({
        subjects: [subject],
        lanes,
        peaks: peaks.lanes,
        protocol: rounds,
        onProgress: progress.onProgress,
        signal: interrupted,
      })
      progress.end()
      const report: Report = {
        date: new Date().toISOString(),
        machine: describeMachine(before),
        versions: { mobileone: version, node: process.versions.node, v8: process.versions.v8 },
        protocol: rounds,
        peakGflops: measured[0]?.gflops ?? 0,
        peaks: measured,
        results,
        skipped,
      }
      if (flags.output !== undefined) {
        await writeFileAtomic(
          flags.output,
          new TextEncoder().encode(`${JSON.stringify(report, undefined, 2)}\n`),
          interrupted,
        )
      }
      const [own] = skipped.filter(({ contender }) => contender === `${ownPrefix}${flags.backend}`)
      if (own) throw new UsageError(`${nameOf(own)} cannot be measured: ${own.reason}`)
      if (flags.json) printJson(report)
      else printLine(reportText(report).trimEnd())
    } finally {
      progress.end()
      await peaks.stop()
      files.remove()
    }
  },
})

/** The network of a variant or of the zoo, folded, with random weights. */
function randomModel(variant: string, flags: ShapeFlags): Model {
  if (!isZooName(variant)) return randomDeployModel(withShape(variants[variant as Variant], flags))
  const deploy = zooNetwork(variant, { form: 'deploy', ...shapeOf(flags, variant) })
  return initialize(deploy, { seed: 2206, statistics: 'random' })
}

/** The number of threads that `auto` comes to for `model`, which is said. */
async function measuredThreads(model: Model): Promise<number> {
  const executor = await (await createBackend('wasm', { threads: 'auto' })).compile(model, {
    signal: interrupted,
  })
  const text = threadsOf(executor.features ?? [])
  await executor.dispose()
  printNote(`--threads auto: ${text}`)
  return Number.parseInt(text, 10)
}

function lane(contender: string, threads: number, files: SubjectFiles, flags: BackendFlags): Lane {
  const { format, layout } = others[contender] ?? ours
  return nodeLane({ contender, module: contenderModule(contender, flags), threads, files, format, layout })
}

/** Beside the program once built, in the folder above this one in the sources. */
function contenderModule(contender: string, flags: BackendFlags): string {
  const here = import.meta.url
  const file = (name: string): string =>
    new URL(here.endsWith('.ts') ? `../contenders/${name}.ts` : `./contenders/${name}.mjs`, here).href
  if (Object.hasOwn(others, contender)) return file(contender)
  const parameters = new URLSearchParams({ name: contender.slice(ownPrefix.length) })
  for (const name of ['tfjs-backend', 'provider'] as const) {
    const value = flags[name]
    if (value !== undefined) parameters.set(name, value)
  }
  return `${file('backend')}?${parameters}`
}
