import { availableParallelism, cpus, totalmem } from 'node:os'
import { openDefaultCache } from '@mobileone/checkpoint'
import { backends } from '../backends.ts'
import { defineCommand } from '../command.ts'
import { jsonFlag } from '../flags.ts'
import { formatBytes, printJson, printLine } from '../terminal.ts'

interface Check {
  readonly name: string
  readonly ok: boolean
  /** Features, or the reason and the remedy. */
  readonly detail: string
}

export const doctor = defineCommand({
  name: 'doctor',
  summary: 'Show what this machine supports, and why not the rest.',
  positionals: '',
  minPositionals: 0,
  maxPositionals: 0,
  flags: { json: jsonFlag },
  examples: ['mobileone doctor'],
  async run(_, flags) {
    const machine = {
      node: process.versions.node,
      v8: process.versions.v8,
      platform: `${process.platform} ${process.arch}`,
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      memoryBytes: totalmem(),
    }
    const found = await Promise.all(
      Object.entries(backends).map(([name, create]) => checkBackend(name, create)),
    )
    const others = [await checkSharp(), await checkCache()]
    if (flags.json) {
      printJson({ machine, backends: found, others })
      return
    }
    printLine(`${machine.cpu}, ${machine.cores} cores, ${formatBytes(machine.memoryBytes)}`)
    printLine(`Node ${machine.node} (V8 ${machine.v8}), ${machine.platform}\n`)
    printLine('Backends')
    for (const check of found) printCheck(check)
    printLine('\nEverything else')
    for (const check of others) printCheck(check)
    const relaxed = found.find((check) => check.name === 'wasm')?.detail.includes('relaxed')
    if (!relaxed) {
      printLine(
        '\nThis Node runs WebAssembly SIMD without fused multiply-add; Node 22 and newer, and browsers, are about twice as fast.',
      )
    }
    printLine(
      '\nIn browsers the wasm backend uses several threads only on pages that are cross-origin isolated, with the headers\n' +
        '  Cross-Origin-Opener-Policy: same-origin\n  Cross-Origin-Embedder-Policy: require-corp',
    )
  },
})

function printCheck({ name, ok, detail }: Check): void {
  printLine(`  ${ok ? '✔' : '✘'} ${name.padEnd(10)} ${detail}`)
}

async function checkBackend(name: string, create: (typeof backends)[string]): Promise<Check> {
  const probe = await create({}).probe()
  return { name, ok: probe.ok, detail: probe.ok ? probe.features.join(', ') : probe.reason }
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
      detail: 'is not installed, so pictures cannot be decoded: npm i sharp',
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
