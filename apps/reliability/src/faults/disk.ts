/** Disks that are full, files that may not grow, caches that may not be written. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { builtProgram } from '../paths.ts'
import { networkFile } from '../soak/network.ts'
import { bytesOf, type Fault, filesIn, must, sameBytes, type Trial } from './fault.ts'
import type { Kept } from './keep-weights.ts'
import { cli, type Ended, lastLine, start } from './programs.ts'
import { sendFile, serving } from './server.ts'
import { checkpointName, readableStep, trainArguments, writeTrainingData } from './training-data.ts'

const file = networkFile()
const sha256 = createHash('sha256').update(file).digest('hex')

/** With its own table of mounts; who is not the superuser is in it by a namespace of users. */
const unshare = process.getuid?.() === 0 ? ['-m'] : ['-r', '-m']

function withoutMounts(): string | undefined {
  const { status } = spawnSync('unshare', [
    ...unshare,
    'mount',
    '-t',
    'tmpfs',
    '-o',
    'size=4k',
    'tmpfs',
    '/mnt',
  ])
  return status === 0
    ? undefined
    : 'nothing can be mounted here: it takes Linux, unshare, and the right to mount'
}

/**
 * Run a program of Node in `folder`, where `mount` has been run in the folder `disk`; what is on the disk at the end is in `after`.
 */
async function onDisk(folder: string, mount: string, args: readonly string[]): Promise<Ended> {
  await mkdir(join(folder, 'disk'), { recursive: true })
  await mkdir(join(folder, 'after'), { recursive: true })
  const script = `${mount} && { "$@"; code=$?; cp -a disk/. after/; exit $code; }`
  return start(folder, [...unshare, 'sh', '-c', script, 'sh', process.execPath, ...args], {
    command: 'unshare',
  }).ended
}

const small = (bytes: number): string => `mount -t tmpfs -o size=${Math.ceil(bytes / 4096) * 4}k tmpfs disk`

/** @throws Error unless the program failed as it should: with a code, one line, and no trace of Node. */
function mustFailCleanly({ code, signal, stderr }: Ended): string {
  must(code !== 0 && signal === null, `it ended with code ${code}, signal ${signal}`)
  const line = lastLine(stderr)
  must(!/^\s+at /m.test(stderr), `a stack trace was printed: ${stderr.slice(0, 300)}`)
  return `code ${code}, “${line.slice(0, 120)}”`
}

async function exportOnto(
  { folder }: Trial,
  run: (args: readonly string[]) => Promise<Ended>,
  at: string,
): Promise<string> {
  await writeFile(join(folder, 'tiny.safetensors'), file)
  const old = Buffer.from('the old file')
  const ended = await run([cli, 'export', 'tiny.safetensors', '-o', `${at}/out.onnx`])
  const seen = mustFailCleanly(ended)
  const place = join(folder, at === 'disk' ? 'after' : at)
  must(sameBytes(await bytesOf(join(place, 'out.onnx')), old), 'the old file is not what it was')
  const left = (await filesIn(place)).filter((name) => name !== 'out.onnx')
  must(left.length === 0, `it left ${left}`)
  return `${seen}; the old file as it was, nothing beside it`
}

async function keep({ folder }: Trial, mount: string): Promise<Kept & { readonly requests: number }> {
  return serving(
    (request, response) => sendFile(request, response, file),
    async (server) => {
      const ended = await onDisk(folder, mount, [
        '--expose-gc',
        builtProgram('keep-weights'),
        `${server.url}/weights`,
        'disk/cache',
      ])
      must(ended.code === 0, `it ended with code ${ended.code}: ${ended.stderr}`)
      return { ...(JSON.parse(ended.stdout) as Kept), requests: server.seen.length }
    },
  )
}

export const diskFaults: readonly Fault[] = [
  {
    area: 'disk',
    name: 'full-export',
    injected: 'the disk is full when `mobileone export` writes over an older file',
    holds: 'one line tells, the exit code is not 0, the older file stays, nothing is left beside it',
    isQuick: true,
    lack: withoutMounts,
    run: (trial) =>
      exportOnto(
        trial,
        (args) => onDisk(trial.folder, `${small(12_000)} && printf 'the old file' > disk/out.onnx`, args),
        'disk',
      ),
  },
  {
    area: 'disk',
    name: 'file-size-limit-export',
    injected:
      'no file may be larger than 8 kB (RLIMIT_FSIZE) when `mobileone export` writes over an older file',
    holds: 'the same',
    lack: () => (process.platform === 'win32' ? 'Windows has no such limit' : undefined),
    async run(trial) {
      const place = join(trial.folder, 'out')
      await mkdir(place)
      await writeFile(join(place, 'out.onnx'), 'the old file')
      const script = `trap '' XFSZ; ulimit -f 16; exec "$@"`
      const run = (args: readonly string[]): Promise<Ended> =>
        start(trial.folder, ['-c', script, 'sh', process.execPath, ...args], { command: 'sh' }).ended
      return exportOnto(trial, run, 'out')
    },
  },
  {
    area: 'disk',
    name: 'full-device',
    injected: '`mobileone export` writes into /dev/full',
    holds: 'one line tells, the exit code is not 0',
    lack: () => (process.platform === 'linux' ? undefined : 'there is no /dev/full'),
    async run({ folder }) {
      await writeFile(join(folder, 'tiny.safetensors'), file)
      await mkdir(join(folder, 'out'))
      spawnSync('ln', ['-s', '/dev/full', join(folder, 'out.onnx')])
      return mustFailCleanly(await start(folder, [cli, 'export', 'tiny.safetensors', '-o', 'out.onnx']).ended)
    },
  },
  {
    area: 'disk',
    name: 'full-cache',
    injected: 'the disk of the cache is full when a download is kept',
    holds: 'the caller has the file and is told; the cache holds nothing that is not whole',
    isQuick: true,
    lack: withoutMounts,
    async run(trial) {
      const seen: string[] = []
      for (const bytes of [4096, 12_288, Math.floor(file.length / 2)]) {
        const { sha256: got, warnings, code, message } = await keep(trial, small(bytes))
        must(got === sha256, `with ${bytes} bytes it ended with ${code}: ${message}`)
        must(warnings.length > 0, `with ${bytes} bytes nobody was told`)
        const leak = warnings.find((warning) => warning.startsWith('node:'))
        must(leak === undefined, `with ${bytes} bytes: ${leak}`)
        const left = (await filesIn(join(trial.folder, 'after'))).filter((name) => name.endsWith('.tmp'))
        must(left.length === 0, `with ${bytes} bytes it left ${left}`)
        seen.push(`${bytes}`)
      }
      return `the file, with a warning, on disks of ${seen.join(', ')} bytes`
    },
  },
  {
    area: 'disk',
    name: 'read-only-cache',
    injected: 'the cache is on a disk that may only be read, once with the file in it and once without',
    holds: 'the file is served from it; another is downloaded, and the caller is told that it is not kept',
    lack: withoutMounts,
    async run(trial) {
      const { folder } = trial
      return serving(
        (request, response) => sendFile(request, response, file),
        async (server) => {
          const url = `${server.url}/weights`
          await mkdir(join(folder, 'disk'), { recursive: true })
          const run = async (address: string): Promise<Kept> => {
            const mount = 'mount --bind disk disk && mount -o remount,ro,bind disk'
            const ended = await onDisk(folder, mount, [builtProgram('keep-weights'), address, 'disk/cache'])
            must(ended.code === 0, `it ended with code ${ended.code}: ${ended.stderr}`)
            return JSON.parse(ended.stdout) as Kept
          }
          const { ended } = start(folder, [builtProgram('keep-weights'), url, 'disk/cache'])
          must((await ended).code === 0, 'the cache was not filled')
          const cached = await run(url)
          must(
            cached.sha256 === sha256 && cached.fromCache === true,
            `it ended with ${JSON.stringify(cached)}`,
          )
          const other = await run(`${server.url}/other`)
          must(other.sha256 === sha256 && other.fromCache === false, `it ended with ${JSON.stringify(other)}`)
          must(other.warnings.length > 0, 'nobody was told')
          return `from the cache; then downloaded, “${other.warnings[0]?.slice(0, 90)}…”`
        },
      )
    },
  },
  {
    area: 'disk',
    name: 'full-training',
    injected: 'the disk holds one checkpoint of a training, and not the next one beside it',
    holds:
      'the training ends with one line; the checkpoint of the epoch before is whole, and a run goes on from it',
    lack: withoutMounts,
    async run({ folder }) {
      await writeTrainingData(folder)
      const whole = await start(folder, [cli, ...trainArguments, '-o', 'probe.safetensors']).ended
      must(whole.code === 0, `training ended with code ${whole.code}: ${whole.stderr}`)
      const { size } = await stat(join(folder, `probe.safetensors.checkpoint`))
      const output = 'disk/out.safetensors'
      const ended = await onDisk(folder, small(1.5 * size + 4096), [cli, ...trainArguments, '-o', output])
      const seen = mustFailCleanly(ended)
      const after = join(folder, 'after')
      const names = (await filesIn(after)).join()
      must(names === checkpointName, `the disk holds ${names}`)
      const step = await readableStep(join(after, checkpointName))
      await cp(after, join(folder, 'again'), { recursive: true })
      const again = await start(folder, [cli, ...trainArguments, '--resume', '-o', 'again/out.safetensors'])
        .ended
      must(again.code === 0, `resuming ended with code ${again.code}: ${again.stderr}`)
      const [one, other] = await Promise.all(
        ['probe.safetensors', 'again/out.safetensors'].map((name) => bytesOf(join(folder, name))),
      )
      must(sameBytes(one, other), 'the resumed run ended with other weights than an unbroken one')
      return `${seen}; the checkpoint of step ${step} is whole, and ends with the weights of an unbroken run`
    },
  },
]
