import { statSync } from 'node:fs'
import { MobileOneError, mobileone, profile, type Variant, variants } from '@mobileone/core'
import type { Classifier } from '@mobileone/sdk/worker'
import { goldenPath, lacking } from '@mobileone/testkit'
import { describe, expect, it } from 'vitest'
import { statusWords } from '../src/site/choose/status-words.ts'
import { columns, readMs } from '../src/site/choose/times.ts'
import { choiceFromQuery, defaultChoice, queryOf, sameChoice } from '../src/site/state/choice.ts'
import { DownloadMeter } from '../src/site/state/download-meter.ts'
import type { EngineState } from '../src/site/state/engine.ts'
import { loadingClock } from '../src/site/state/loading-clock.ts'
import { backendFacts, threadChoices } from '../src/site/state/machine.ts'
import { modelFacts, published } from '../src/site/state/models.ts'
import { keyOf, measureSteady, type Trial, withTrial } from '../src/site/state/trials.ts'
import { watchLoss } from '../src/site/state/watch-loss.ts'
import type { Findings } from '../src/site/workers/probe-backends.ts'

/** A clock that a test moves. */
function handClock(): { now: () => number; pass: (ms: number) => void } {
  let at = 1000
  return {
    now: () => at,
    pass: (ms) => {
      at += ms
    },
  }
}

describe('the choice in the address', () => {
  const s2 = { model: 's2', storage: 'float16', backend: 'webgpu', threads: 4 } as const

  it('is read as it was written', () => {
    expect(queryOf(s2)).toBe('?model=s2&storage=float16&backend=webgpu&threads=4')
    expect(choiceFromQuery(queryOf(s2))).toEqual(s2)
    expect(choiceFromQuery('')).toEqual(defaultChoice)
    expect(queryOf(defaultChoice)).toBe('')
  })

  it('leaves what others keep there', () => {
    expect(queryOf({ ...defaultChoice, model: 's0' }, '?theme=dark&threads=3')).toBe('?theme=dark&model=s0')
    expect(queryOf(defaultChoice, '?theme=dark&model=s4')).toBe('?theme=dark')
  })

  it.each(['model=s9', 'model=__proto__', 'storage=int8', 'backend=cuda', 'threads=0', 'threads=-1'])(
    '%s is the default',
    (query) => expect(choiceFromQuery(`?${query}`)).toEqual(defaultChoice),
  )

  it.each(['threads=65', 'threads=1e1', 'threads=2.5', 'threads=', 'threads=%20%202'])(
    '%s is one thread',
    (query) => expect(choiceFromQuery(`?${query}`).threads).toBe(1),
  )

  it('is the same on WebGPU for any number of threads', () => {
    expect(sameChoice(s2, { ...s2, threads: 1 })).toBe(true)
    expect(sameChoice({ ...s2, backend: 'wasm' }, { ...s2, backend: 'wasm', threads: 1 })).toBe(false)
  })
})

describe('the table of models', () => {
  it.each(published)('%s says what its network has and what its file takes', (name) => {
    const variant = variants[name satisfies Variant]
    const { params, macs } = profile(mobileone(variant, { form: 'deploy' }))
    const facts = modelFacts[name]
    expect({ params, macs }).toEqual({ params: facts.params, macs: facts.macs })
    let bytes = 0
    for (const [weight, { shape }] of Object.entries(mobileone(variant, { form: 'train' }).weights)) {
      bytes += 4 * shape.reduce((product, length) => product * length, 1)
      // PyTorch counts the batches of each normalisation.
      if (weight.endsWith('.running_var')) bytes += 8
    }
    // Names and places of the tensors stand before them.
    expect(facts.download).toBeGreaterThan(bytes)
    expect(facts.download / bytes).toBeLessThan(1.01)
  })

  it.skipIf(lacking('golden'))('has the very length of the file of S0', () => {
    expect(modelFacts.s0.download).toBe(statSync(goldenPath('timm_mobileone_s0.safetensors')).size)
  })
})

describe('the clock of a load', () => {
  it('gives the time before the first phase to the start of the worker and to that phase', () => {
    const { now, pass } = handClock()
    const clock = loadingClock(now)
    pass(30)
    clock.started()
    pass(100)
    clock.tell('download')
    pass(400)
    clock.tell('download')
    pass(50)
    clock.tell('fold')
    pass(7)
    clock.tell('read')
    pass(3)
    clock.tell('fold')
    pass(1)
    clock.tell('ready')
    expect(clock.times).toEqual({ start: 30, download: 550, fold: 8, read: 3 })
  })

  it('sums what a column of the table holds', () => {
    const read = columns.find(({ title }) => title === 'Read')!
    expect(readMs({ verify: 4, read: 3, fold: 9 }, read)).toBe(7)
    expect(readMs({ fold: 9 }, read)).toBeUndefined()
  })
})

describe('the meter of a download', () => {
  it('tells the speed of the last seconds, and how long nothing came', () => {
    const { now, pass } = handClock()
    const meter = new DownloadMeter(now)
    expect(meter.read()).toEqual({ done: 0, total: undefined, rate: undefined, quiet: 0 })
    for (let second = 0; second <= 10; second++) {
      meter.tell(second < 5 ? second * 100 : 500 + (second - 5) * 1000, 9000)
      if (second === 0) expect(meter.read().rate).toBeUndefined()
      pass(1000)
    }
    expect(meter.read()).toEqual({ done: 5500, total: 9000, rate: 1000, quiet: 1 })
    pass(4200)
    expect(meter.read().quiet).toBe(5)
    meter.tell(6000, 9000)
    expect(meter.read()).toMatchObject({ done: 6000, rate: undefined, quiet: 0 })
    pass(600)
    meter.tell(100, 9000)
    expect(meter.read()).toMatchObject({ done: 100, rate: undefined, quiet: 0 })
  })
})

describe('the times of a visit', () => {
  const trial = (changes: Partial<Trial>): Trial => {
    const made = {
      choice: defaultChoice,
      title: 'MobileOne S0',
      features: ['simd'],
      memory: 1,
      phases: { compile: 2 },
      ...changes,
    }
    return { ...made, key: keyOf(made) }
  }

  it('has one row for each combination, with what the last load did not do again', () => {
    const first = trial({ phases: { download: 900, compile: 5 }, steady: { median: 3, runs: 9 } })
    const other = trial({ choice: { ...defaultChoice, threads: 2 } })
    const again = trial({ phases: { read: 1, compile: 4 } })
    const list = [first, other, again].reduce(withTrial, [] as readonly Trial[])
    expect(list.map(({ phases }) => phases)).toEqual([{ download: 900, read: 1, compile: 4 }, { compile: 2 }])
    expect(list[0]?.steady).toEqual({ median: 3, runs: 9 })
    expect(withTrial(list, trial({ failure: 'no adapter' }))[0]?.steady).toBeUndefined()
  })

  it('takes the median of as many runs as fit, after one that is not counted', async () => {
    const { now, pass } = handClock()
    const times = [50, 1, 9, 2, 3, 900]
    const run = async (): Promise<void> => pass(times.shift() as number)
    expect(await measureSteady(run, { forMs: 500, now })).toEqual({ median: 3, runs: 5 })
    expect(await measureSteady(async () => pass(2), { atMost: 4, now })).toEqual({ median: 2, runs: 4 })
    const signal = AbortSignal.abort(new Error('left'))
    await expect(measureSteady(async () => {}, { signal })).rejects.toThrow('left')
  })
})

describe('what this machine runs', () => {
  const findings: Findings = {
    wasm: { ok: true, features: ['simd', '1 thread; the option threads takes up to 3'] },
    threads: { ok: true, features: ['simd', '2 threads'] },
    webgpu: { ok: false, reason: 'WebGPU found no adapter' },
    parallelism: 3,
    isIsolated: true,
  }

  it('says what is missing and what is refused', () => {
    expect(backendFacts('wasm', findings)).toMatchObject({
      features: ['simd', 'no relaxed-simd, which is slower'],
      refusal: undefined,
    })
    expect(backendFacts('webgpu', findings)).toMatchObject({
      features: [],
      refusal: 'WebGPU found no adapter',
    })
    expect(backendFacts('webgpu', undefined).refusal).toBeUndefined()
  })

  it('offers the threads of the machine, or says why there is one', () => {
    expect(threadChoices(findings)).toEqual({ counts: [1, 2, 3], refusal: undefined })
    const open: Findings = {
      ...findings,
      isIsolated: false,
      threads: { ok: true, features: ['simd', '1 thread: the page is not cross-origin isolated'] },
    }
    expect(threadChoices(open)).toEqual({
      counts: [1],
      refusal: 'the page is not cross-origin isolated',
    })
    const small: Findings = { ...findings, parallelism: 1, threads: { ok: false, reason: 'one is all' } }
    expect(threadChoices(small)).toEqual({ counts: [1], refusal: 'one is all' })
    expect(threadChoices(undefined)).toEqual({ counts: [1], refusal: undefined })
  })
})

describe('the words of the bar', () => {
  const idle: EngineState = {
    status: 'idle',
    progress: undefined,
    classifier: undefined,
    error: undefined,
    choice: { ...defaultChoice, model: 's0' },
    title: 'MobileOne S0',
    phases: {},
    refusals: [],
    need: undefined,
    warning: undefined,
  }
  const at = (changes: object): EngineState => ({ ...idle, ...changes }) as EngineState

  it('state the size and the licence before anything is downloaded', () => {
    const need = { kind: 'download', bytes: 21_672_000, part: 0 }
    expect(statusWords(at({ need }), undefined)).toMatchObject({
      text: '21.7 MB to download',
      hasLicence: true,
      actions: ['download'],
    })
    expect(statusWords(at({ need: { ...need, part: 9e6 } }), undefined)).toMatchObject({
      text: '9.0 MB of 21.7 MB are here',
      hasLicence: true,
      actions: ['resume'],
    })
  })

  it('tell speed, silence and a connection that broke', () => {
    const loading = at({ status: 'loading', progress: { phase: 'download', done: 1 } })
    const running = { done: 5e6, total: 21e6, rate: 4e6, quiet: 0 }
    expect(statusWords(loading, running)).toMatchObject({
      text: 'Downloading…',
      detail: '5.0 MB of 21.0 MB, 4.0 MB/s, 4 s left',
      actions: ['cancel'],
    })
    expect(statusWords({ ...loading, warning: 'no connection' }, running).text).toMatch(/broke/)
    expect(statusWords(loading, { ...running, quiet: 12 })).toMatchObject({
      text: 'Stalled',
      detail: '5.0 MB of 21.0 MB, nothing came for 12 s',
      actions: ['try-now', 'cancel'],
    })
  })

  it('say what a refused backend lacks, and offer one that runs', () => {
    const error = new MobileOneError('unavailable', 'no backend can run')
    const refusals = [{ backend: 'webgpu', reason: 'WebGPU found no adapter' }]
    const choice = { ...defaultChoice, backend: 'webgpu' }
    expect(statusWords(at({ status: 'error', error, refusals, choice }), undefined)).toEqual({
      text: 'WebGPU: not here',
      detail: 'WebGPU found no adapter',
      isError: true,
      hasLicence: false,
      actions: ['use-wasm'],
    })
  })

  it('say where fewer threads run than were chosen', () => {
    const ready = (features: string[], threads: number): EngineState =>
      at({
        status: 'ready',
        classifier: { features },
        choice: { ...defaultChoice, threads },
        phases: { 'warm-up': 4.25 },
      })
    expect(statusWords(ready(['simd', '2 threads'], 2), undefined).detail).toBe('first run 4.3 ms')
    const one = ['simd', '1 thread: the page is not cross-origin isolated']
    expect(statusWords(ready(one, 2), undefined).detail).toBe(
      'on one thread: the page is not cross-origin isolated',
    )
    expect(statusWords(ready(one, 1), undefined).detail).toBe('first run 4.3 ms')
  })

  it.each([
    ['network', 'resume'],
    ['device-lost', 'reload'],
    ['invalid-file', 'use-embedded'],
    ['wrong-result', 'reload'],
  ] as const)('offer something to do after %s', (code, action) => {
    const error = new MobileOneError(code, 'told in full')
    const words = statusWords(at({ status: 'error', error }), undefined)
    expect(words).toMatchObject({ detail: 'told in full', isError: true })
    expect(words.actions[0]).toBe(action)
  })
})

describe('a classifier whose loss is watched', () => {
  const lost = new MobileOneError('device-lost', 'the worker ended')
  const other = new MobileOneError('invalid-input', 'no picture')
  const failing = (error: Error): Classifier =>
    ({
      labels: ['a'],
      classify: () => Promise.reject(error),
      setOptions() {
        return this
      },
      watch: () => ({
        next: () => Promise.reject(error),
        return: async () => ({ done: true, value: undefined }),
        [Symbol.asyncIterator]() {
          return this
        },
      }),
      async *classifyEach() {
        yield await Promise.reject(error)
      },
      withHead: async () => failing(error),
    }) as unknown as Classifier

  const calls: [string, (classifier: Classifier) => Promise<unknown>][] = [
    ['a call', (classifier) => classifier.classify('x')],
    [
      'a video',
      (classifier) =>
        classifier
          .watch({} as never)
          [Symbol.asyncIterator]()
          .next(),
    ],
    ['a list', (classifier) => classifier.classifyEach([])[Symbol.asyncIterator]().next()],
    ['a classifier on it', async (classifier) => (await classifier.withHead({} as never)).classify('x')],
  ]
  it.each(calls)('tells it from %s, which fails all the same', async (_, call) => {
    const heard: MobileOneError[] = []
    const watched = watchLoss(failing(lost), (error) => heard.push(error))
    await expect(call(watched)).rejects.toBe(lost)
    expect(heard).toEqual([lost])
    expect(watched.labels).toEqual(['a'])
    await expect(call(watchLoss(failing(other), (error) => heard.push(error)))).rejects.toBe(other)
    expect(heard).toHaveLength(1)
  })
})
