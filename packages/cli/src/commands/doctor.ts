import { availableParallelism, cpus, totalmem } from 'node:os'
import { initialize, type MobileOneConfig, type Model, mobileone, verified } from '@mobileone/core'
import { openDefaultCache } from '@mobileone/hub'
import { type BackendFlags, backendNames, backends, createBackend } from '../backends.ts'
import { defineCommand } from '../command.ts'
import { jsonFlag } from '../flags.ts'
import { formatBytes, printJson, printLine } from '../terminal.ts'

interface Check {
  readonly name: string
  readonly ok: boolean
  /** Features, or the reason and the remedy. */
  readonly detail: string
}

interface BackendCheck {
  /** As `--backend` takes it. */
  readonly backend: string
  /** The flags it was checked with. */
  readonly flags: string
  readonly ok: boolean
  readonly features: readonly string[]
  /** Why it is refused here, and what would help. */
  readonly reason?: string
}

/** The feature of a backend that was run and compared. */
const checked = 'matches the reference'

export const doctor = defineCommand({
  name: 'doctor',
  summary: 'Show what this machine supports, and why not the rest.',
  positionals: '',
  minPositionals: 0,
  maxPositionals: 0,
  flags: {
    verify: {
      type: 'boolean',
      help: 'Also run a small network on each backend and compare its results with the reference',
    },
    json: jsonFlag,
  },
  examples: ['mobileone doctor', 'mobileone doctor --verify --json'],
  async run(_, flags) {
    const machine = {
      node: process.versions.node,
      v8: process.versions.v8,
      platform: `${process.platform} ${process.arch}`,
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      memoryBytes: totalmem(),
    }
    const found: BackendCheck[] = []
    for (const name of backendNames) {
      for (const flagSet of backends[name].checks) {
        found.push(await checkBackend(name, flagSet, flags.verify))
      }
    }
    const others = [await checkSharp(), await checkCache()]
    if (flags.json) {
      printJson({ machine, backends: found, others })
      return
    }
    printLine(`${machine.cpu}, ${machine.cores} cores, ${formatBytes(machine.memoryBytes)}`)
    printLine(`Node ${machine.node} (V8 ${machine.v8}), ${machine.platform}\n`)
    printLine('Backends')
    const width = Math.max(...found.map(({ backend, flags }) => backend.length + flags.length + 1))
    for (const { backend, flags, ok, features, reason = '' } of found) {
      printCheck(
        { name: `${backend} ${flags}`, ok, detail: ok ? features.filter(matters).join(', ') : reason },
        width,
      )
    }
    printLine('\nEverything else')
    for (const check of others) printCheck(check, width)
    const relaxed = found.some(
      ({ backend, features }) => backend === 'wasm' && features.includes('relaxed-simd'),
    )
    if (!relaxed) {
      printLine(
        '\nThis version of Node runs WebAssembly SIMD without fused multiply-add; Node 22 and newer and browsers are about twice as fast.',
      )
    }
    printLine(
      '\nIn browsers the wasm backend uses more than one thread only on cross-origin isolated pages, served with the headers\n' +
        '  Cross-Origin-Opener-Policy: same-origin\n  Cross-Origin-Embedder-Policy: require-corp',
    )
  },
})

/** Of the dozens of features of a GPU, those that the kernels can use. */
function matters(feature: string, index: number, features: readonly string[]): boolean {
  const isGpu = features[0]?.startsWith('adapter: ')
  return (
    !isGpu ||
    index === 0 ||
    index === features.length - 1 ||
    ['shader-f16', 'timestamp-query'].includes(feature)
  )
}

function printCheck({ name, ok, detail }: Check, width: number): void {
  printLine(`  ${ok ? '✔' : '✘'} ${name.padEnd(width)}  ${detail}`)
}

async function checkBackend(name: string, flags: BackendFlags, verify: boolean): Promise<BackendCheck> {
  const text = Object.entries(flags).map(([flag, value]) => `--${flag} ${value}`)
  const check = { backend: name, flags: text.join(' ') }
  const refused = (reason: string): BackendCheck => ({ ...check, ok: false, features: [], reason })
  try {
    const backend = await createBackend(name, flags)
    const probe = await backend.probe()
    if (!probe.ok) return refused(probe.reason)
    if (!verify) return { ...check, ok: true, features: probe.features }
    const executor = await verified(backend).compile(smallNetwork())
    await executor.dispose()
    return { ...check, ok: true, features: [...probe.features, checked] }
  } catch (error) {
    return refused((error as Error).message)
  }
}

/** A MobileOne with every kind of layer of the published ones, small enough for any backend. */
function smallNetwork(): Model {
  const config: MobileOneConfig = {
    name: 'check',
    input: { channels: 3, size: [32, 32] },
    stem: { channels: 16, stride: 2, branches: 1 },
    stages: [
      { blocks: 1, channels: 24, stride: 2, branches: 1, squeezeExcite: 0 },
      { blocks: 2, channels: 48, stride: 2, branches: 1, squeezeExcite: 1 },
    ],
    classes: 10,
  }
  return initialize(mobileone(config, { form: 'deploy' }), { seed: 1, statistics: 'random' })
}

async function checkSharp(): Promise<Check> {
  try {
    const { default: sharp } = await import('sharp')
    return {
      name: 'sharp',
      ok: true,
      detail: `${sharp.versions.sharp} with libvips ${sharp.versions.vips}, decodes pictures`,
    }
  } catch {
    return {
      name: 'sharp',
      ok: false,
      detail: 'not installed, so pictures cannot be decoded: npm i sharp',
    }
  }
}

async function checkCache(): Promise<Check> {
  try {
    const cache = await openDefaultCache()
    const entries = await cache.list()
    const bytes = entries.reduce((sum, entry) => sum + entry.size, 0)
    return {
      name: 'cache',
      ok: true,
      detail: `${cache.name}, ${entries.length} files, ${formatBytes(bytes)}`,
    }
  } catch (error) {
    return { name: 'cache', ok: false, detail: (error as Error).message }
  }
}
