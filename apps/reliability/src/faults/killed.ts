/** Programs that are killed (SIGKILL) while they write. */
import { createHash } from 'node:crypto'
import { type FSWatcher, watch } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { toSafetensors } from '@mobileone/checkpoint'
import { initialize, mobileone, variants } from '@mobileone/core'
import { fetchWeights, openDiskCache } from '@mobileone/hub'
import { builtProgram } from '../paths.ts'
import { bytesOf, type Fault, filesIn, must, sameBytes } from './fault.ts'
import type { Kept } from './keep-weights.ts'
import { cli, type Ended, type Running, start } from './programs.ts'
import { sendFile, serving } from './server.ts'
import { checkpointName, readableStep, trainArguments, writeTrainingData } from './training-data.ts'

/**
 * Kill `running` some milliseconds after the `nth` file whose name fits has been begun in `folder` or below it; unless it ends before.
 */
async function killAtFile(
  { child, ended }: Running,
  folder: string,
  { name, nth = 1, delay = 0 }: { readonly name: RegExp; readonly nth?: number; readonly delay?: number },
): Promise<Ended> {
  const begun = new Set<string>()
  let watcher: FSWatcher | undefined
  watcher = watch(folder, { recursive: true }, (_, file) => {
    if (file === null || !name.test(file) || begun.has(file)) return
    begun.add(file)
    if (begun.size !== nth) return
    if (delay === 0) child.kill('SIGKILL')
    else setTimeout(() => child.kill('SIGKILL'), delay)
  })
  try {
    return await ended
  } finally {
    watcher.close()
  }
}

const wasKilled = ({ signal }: Ended): boolean => signal === 'SIGKILL'

/** Delays in milliseconds after a file has been begun. */
const delays = (moments: number): number[] =>
  Array.from(
    { length: moments },
    (_, index) => [0, 1, 2, 4, 8, 16, 32, 64, 3, 6, 12, 24][index % 12] as number,
  )

const large = new Uint8Array(8 * 2 ** 20).map((_, index) => (index * 2654435761) >>> 13)
const largeSha256 = createHash('sha256').update(large).digest('hex')

export const killedFaults: readonly Fault[] = [
  {
    area: 'killed',
    name: 'cache-write',
    injected:
      'a program is killed while it writes 8 MB into the cache, so many milliseconds after each kind of file was begun',
    holds: 'the cache then gives the file or nothing, and the next download ends well',
    isQuick: true,
    async run({ folder, moments }) {
      return serving(
        (request, response) => sendFile(request, response, large),
        async (server) => {
          let [killed, kept] = [0, 0]
          for (const [index, delay] of delays(moments).entries()) {
            const cache = join(folder, `cache-${index}`)
            await mkdir(cache)
            const url = `${server.url}/${index}`
            const running = start(folder, [builtProgram('keep-weights'), url, cache])
            const name = [/unfinished.*\.part$/, /blobs.*\.tmp$/, /entries.*\.tmp$/][index % 3] as RegExp
            if (wasKilled(await killAtFile(running, cache, { name, delay }))) killed++
            const options = { cache: await openDiskCache(cache), onWarning() {} }
            const offline = await fetchWeights(url, { ...options, offline: true }).catch(() => undefined)
            must(offline === undefined || sameBytes(offline.bytes, large), 'the cache gives other bytes')
            if (offline) kept++
            const again = await start(folder, [builtProgram('keep-weights'), url, cache]).ended
            const { sha256, code } = JSON.parse(again.stdout) as Kept
            must(sha256 === largeSha256, `the next download ended with ${code}`)
            const whole = await fetchWeights(url, { ...options, offline: true })
            must(sameBytes(whole.bytes, large), 'the cache gives other bytes after the next download')
            await rm(cache, { recursive: true })
          }
          must(killed > 0, 'every run ended before it could be killed')
          return `${killed} of ${moments} runs were killed; the cache gave the whole file after ${kept} of all, nothing after the others`
        },
      )
    },
  },
  {
    area: 'killed',
    name: 'download',
    injected: 'a program is killed in the middle of a download',
    holds: 'the next one goes on from what was kept',
    async run({ folder }) {
      let asked = ''
      return serving(
        (request, response, index) => {
          if (index > 0) {
            asked = request.headers.range ?? ''
            return sendFile(request, response, large)
          }
          response.writeHead(200, { 'content-length': large.length, etag: '"one"' })
          response.write(large.subarray(0, large.length >> 1))
        },
        async (server) => {
          const cache = join(folder, 'cache')
          const first = start(folder, [builtProgram('keep-weights'), server.url, cache])
          for (let waited = 0; waited < 20_000; waited += 50) {
            const [part] = await filesIn(join(cache, 'unfinished'))
            const bytes = part === undefined ? undefined : await bytesOf(join(cache, 'unfinished', part))
            if ((bytes?.length ?? 0) > large.length / 4) break
            await sleep(50)
          }
          first.child.kill('SIGKILL')
          must(wasKilled(await first.ended), 'it could not be killed')
          const again = await start(folder, [builtProgram('keep-weights'), server.url, cache]).ended
          const { sha256, code } = JSON.parse(again.stdout) as Kept
          must(sha256 === largeSha256, `the next download ended with ${code}`)
          const [, from] = /^bytes=(\d+)-$/.exec(asked) ?? []
          must(Number(from) > large.length / 8, `it asked for "${asked}"`)
          return `the next one asked for the rest from byte ${from} of ${large.length}, and has the file`
        },
      )
    },
  },
  {
    area: 'killed',
    name: 'export',
    injected:
      '`mobileone export` is killed while it writes 8 MB over an older file, so many milliseconds after it began',
    holds: 'the file is the older one or the new one, whole',
    isQuick: true,
    async run({ folder, moments }) {
      await writeFile(
        join(folder, 's0.safetensors'),
        toSafetensors(initialize(mobileone(variants.s0, { form: 'deploy' }), { seed: 1 })),
      )
      const args = [cli, 'export', 's0.safetensors', '-o', 'out.onnx']
      const output = join(folder, 'out.onnx')
      const first = await start(folder, args).ended
      must(first.code === 0, `it ended with code ${first.code}: ${first.stderr}`)
      const fresh = await bytesOf(output)
      const old = Buffer.from('the old file')
      let [killed, older, left] = [0, 0, 0]
      for (const delay of delays(moments)) {
        await writeFile(output, old)
        if (
          wasKilled(await killAtFile(start(folder, args), folder, { name: /\.out\.onnx\..*\.tmp$/, delay }))
        )
          killed++
        const now = await bytesOf(output)
        must(
          sameBytes(now, old) || sameBytes(now, fresh),
          'the file is neither the older one nor the new one',
        )
        if (sameBytes(now, old)) older++
        const temporary = (await filesIn(folder)).filter((name) => name.endsWith('.tmp'))
        left = Math.max(left, temporary.length)
      }
      must((await start(folder, args).ended).code === 0, 'the last run ended with an error')
      must(
        (await filesIn(folder)).every((name) => !name.endsWith('.tmp')),
        'a run that was not killed leaves what others left',
      )
      must(killed > 0, 'every run ended before it could be killed')
      return `${killed} of ${moments} runs were killed; the older file ${older} times, the new one ${moments - older} times; at most ${left} hidden temporary files were left beside it, and none after a run that was not killed`
    },
  },
  {
    area: 'killed',
    name: 'training',
    injected: 'a training is killed while it writes its first, second or third checkpoint',
    holds:
      'the checkpoint is the one before or the new one, whole; a run that goes on from it ends with the weights of an unbroken one',
    async run({ folder, moments }) {
      await writeTrainingData(folder)
      const whole = await start(folder, [cli, ...trainArguments, '-o', 'whole.safetensors']).ended
      must(whole.code === 0, `training ended with code ${whole.code}: ${whole.stderr}`)
      const expected = await bytesOf(join(folder, 'whole.safetensors'))
      const seen: string[] = []
      for (const [index, delay] of delays(moments).entries()) {
        const place = join(folder, `run-${index}`)
        await mkdir(place)
        const args = [cli, ...trainArguments, '-o', `run-${index}/out.safetensors`]
        const running = start(folder, args)
        const name = /\.out\.safetensors\.checkpoint\..*\.tmp$/
        const ended = await killAtFile(running, place, {
          name,
          nth: 1 + (index % 3),
          delay: Math.min(delay, 4),
        })
        must(wasKilled(ended), `it ended before it could be killed, with code ${ended.code}: ${ended.stderr}`)
        const path = join(place, checkpointName)
        seen.push((await bytesOf(path)) === undefined ? 'none' : `step ${await readableStep(path)}`)
        const again = await start(folder, [...args, '--resume']).ended
        must(again.code === 0, `resuming ended with code ${again.code}: ${again.stderr}`)
        must(
          sameBytes(await bytesOf(join(place, 'out.safetensors')), expected),
          'the resumed run ended with other weights than an unbroken one',
        )
      }
      return `killed ${moments} times; checkpoints found: ${seen.join(', ')}; each run ended with the weights of an unbroken one`
    },
  },
]
