/** Memory that is not given. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toSafetensors } from '@mobileone/checkpoint'
import { initialize, mobileone, variants } from '@mobileone/core'
import { builtProgram } from '../paths.ts'
import { bytesOf, type Fault, filesIn, must, sameBytes } from './fault.ts'
import { cli, start } from './programs.ts'

export const memoryFaults: readonly Fault[] = [
  {
    area: 'memory',
    name: 'wasm-memory-refused',
    injected: 'the engine gives a WebAssembly memory 64 pages (4 MB) at most, and S0 needs more',
    holds:
      'compiling ends with `unavailable`, which names how much is needed; a small network still compiles and runs',
    isQuick: true,
    async run({ folder }) {
      const ended = await start(folder, ['--wasm-max-mem-pages=64', builtProgram('large-model')]).ended
      must(ended.code === 0, `the process ended with ${ended.signal ?? ended.code}: ${ended.stderr}`)
      const { large, small } = JSON.parse(ended.stdout) as { large: string; small: string }
      must(large.startsWith('unavailable: '), `S0 ended with ${large}`)
      must(small === 'done', `the small network ended with ${small}`)
      return `“${large.slice(0, 110)}…”, then the small one well`
    },
  },
  {
    area: 'memory',
    name: 'address-space-limit',
    injected:
      'the process may have 4 GB of addresses (RLIMIT_AS), fewer than an engine reserves for one WebAssembly memory',
    holds: 'the model compiles and runs, or compiling ends with a typed error',
    lack: () => (process.platform === 'linux' ? undefined : 'it takes Linux'),
    async run({ folder }) {
      const script = 'ulimit -v 4000000; exec "$@"'
      const ended = await start(folder, ['-c', script, 'sh', process.execPath, builtProgram('large-model')], {
        command: 'sh',
      }).ended
      must(ended.stdout !== '', `the process ended with ${ended.signal ?? ended.code}: ${ended.stderr}`)
      const ends = Object.values(JSON.parse(ended.stdout) as Record<string, string>)
      must(
        ends.every((end) => /^(done|unavailable: )/.test(end)),
        `they ended with ${ends.join(' and ')}`,
      )
      // Node 20 parses HTTP with WebAssembly, which it then cannot start either, and ends.
      const isOfNode = ended.code !== 0 && ended.stderr.includes('internal/deps/undici')
      must(ended.code === 0 || isOfNode, `the process ended with ${ended.code}: ${ended.stderr}`)
      const after = isOfNode
        ? '; Node’s own HTTP parser then ended the process, for want of the same memory'
        : ''
      return `they ended with ${ends.map((end) => end.slice(0, 90)).join('… and ')}…${after}`
    },
  },
  {
    area: 'memory',
    name: 'small-heap',
    injected:
      '`mobileone export` has so small a heap that Node ends it: its own end, which no program can catch',
    holds: 'the exit code is not 0, and the older file is what it was; or the new one is whole',
    async run({ folder }) {
      const model = initialize(mobileone(variants.s0, { form: 'train' }), { seed: 1, statistics: 'random' })
      await writeFile(join(folder, 's0.safetensors'), toSafetensors(model))
      const output = join(folder, 'out.onnx')
      const args = [cli, 'export', 's0.safetensors', '-o', 'out.onnx']
      const whole = await start(folder, args).ended
      must(whole.code === 0, `it ended with code ${whole.code}: ${whole.stderr}`)
      const fresh = await bytesOf(output)
      const old = Buffer.from('the old file')
      const seen: string[] = []
      for (const megabytes of [4, 6, 8, 12, 16]) {
        await writeFile(output, old)
        const { code, signal } = await start(folder, [`--max-old-space-size=${megabytes}`, ...args]).ended
        const now = await bytesOf(output)
        must(
          sameBytes(now, code === 0 ? fresh : old),
          `with ${megabytes} MB and code ${code} the file is another`,
        )
        seen.push(`${megabytes} MB: ${signal ?? (code === 0 ? 'done' : `code ${code}`)}`)
        const left = (await filesIn(folder)).filter((name) => name.endsWith('.tmp'))
        must(left.length === 0, `it left ${left}`)
      }
      return seen.join(', ')
    },
  },
]
