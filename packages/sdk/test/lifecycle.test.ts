import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type Classifier, isMobileOneError, MobileOneError, wasm } from '../src/index.ts'
import {
  CameraSession,
  ClassifierSession,
  type ClassifierSetup,
  PredictionSession,
} from '../src/lifecycle/index.ts'
import { sameOptions } from '../src/lifecycle/same-options.ts'
import { openCamera } from './lifecycle-example.ts'
import { colours, counted, until } from './lifecycle-model.ts'

const green = {
  data: Uint8ClampedArray.from({ length: 64 }, (_, i) => [0, 255, 0, 255][i % 4]!),
  width: 4,
  height: 4,
}
const labels = ['red', 'green', 'blue']

describe('sameOptions', () => {
  const bytes = new Uint8Array(3)
  test.each<[unknown, unknown, boolean]>([
    [{ model: 's0', labels: ['a'] }, { labels: ['a'], model: 's0' }, true],
    [{ labels: ['a'] }, { labels: ['b'] }, false],
    [{ labels: ['a'] }, { labels: ['a', 'b'] }, false],
    [{ labels: [] }, { labels: {} }, false],
    [{ a: undefined }, {}, true],
    [{ a: Number.NaN }, { a: Number.NaN }, true],
    [{ a: null }, { a: {} }, false],
    [new URL('http://a/b'), new URL('http://a/b'), true],
    [new URL('http://a/b'), new URL('http://a/c'), false],
    [{ on: () => 1 }, { on: () => 2 }, true],
    [{ model: bytes }, { model: bytes }, true],
    [bytes, new Uint8Array(3), false],
    [new Map(), new Map(), false],
    [wasm(), wasm(), true],
    ['wasm', wasm(), false],
  ])('%j and %j: %s', (a, b, same) => {
    expect(sameOptions(a, b)).toBe(same)
    expect(sameOptions(b, a)).toBe(same)
  })
})

describe('a session of a classifier', () => {
  const setup = (create: ClassifierSetup['create']): ClassifierSetup => ({
    model: colours,
    labels,
    create: create!,
  })

  test('loads, tells how far it is, classifies and disposes', async () => {
    const { count, create } = counted()
    const session = new ClassifierSession()
    const states: string[] = []
    session.subscribe(() => states.push(session.getState().status))
    const phases: string[] = []
    session.open({ ...setup(create), onProgress: ({ phase }) => phases.push(phase) })
    expect(await session.classify(green, { topK: 1 })).toMatchObject([{ label: 'green' }])
    expect(session.getState()).toMatchObject({ status: 'ready', classifier: { backend: 'wasm' } })
    expect(states[0]).toBe('loading')
    expect(phases).toContain('pack')
    session.close()
    expect(session.getState().status).toBe('idle')
    await until(() => count.alive === 0)
    expect(count).toMatchObject({ calls: 1, executors: 1, disposed: 1 })
    await expect(session.classify(green)).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('goes on for options that say the same, and has one load alive for others', async () => {
    const { count, create } = counted()
    const session = new ClassifierSession()
    for (let i = 0; i < 5; i++) session.open({ ...setup((options) => create(options)), labels: [...labels] })
    await session.classify(green)
    session.open(setup(create))
    expect(session.getState().status).toBe('ready')
    session.open({ ...setup(create), labels: ['rot', 'grün', 'blau'] })
    expect(session.getState()).toMatchObject({ status: 'loading', classifier: undefined })
    expect(await session.classify(green, { topK: 1 })).toMatchObject([{ label: 'grün' }])
    session.open({ ...setup(create), labels: ['rot', 'grün', 'blau'], key: 2 })
    await session.classify(green)
    session.open(undefined)
    await until(() => count.alive === 0)
    expect(count).toEqual({ calls: 3, alive: 0, most: 1, executors: 3, disposed: 3 })
  })

  test('begins nothing for what is closed at once, and aborts what has begun', async () => {
    const { count, create } = counted()
    const session = new ClassifierSession()
    session.open(setup(create))
    session.close()
    session.open(setup(create))
    await until(() => count.calls > 0)
    const waiting = session.classify(green)
    session.close()
    await expect(waiting).rejects.toMatchObject({ code: 'aborted' })
    await until(() => count.alive === 0)
    expect(count).toMatchObject({ calls: 1, executors: count.disposed })
  })

  test('disposes of what comes although it was given up', async () => {
    const session = new ClassifierSession()
    const dispose = vi.fn(async () => {})
    let finish: (classifier: Classifier) => void = () => {}
    const late = new Promise<Classifier>((resolve) => {
      finish = resolve
    })
    const create = vi.fn(() => late)
    session.open({ model: colours, create })
    await until(() => create.mock.calls.length === 1)
    session.close()
    finish({ dispose } as unknown as Classifier)
    await until(() => dispose.mock.calls.length === 1)
    expect(session.getState().status).toBe('idle')
  })

  test('keeps errors with their code, and loads again when asked to', async () => {
    let hasNetwork = false
    const { create } = counted()
    const session = new ClassifierSession()
    session.open(
      setup(async (options) => {
        if (!hasNetwork) throw new MobileOneError('network', 'there is none')
        return create(options)
      }),
    )
    await expect(session.classify(green)).rejects.toMatchObject({ code: 'network' })
    expect(session.getState()).toMatchObject({ status: 'error', error: { code: 'network' } })
    hasNetwork = true
    session.reload()
    expect(session.getState()).toMatchObject({ status: 'loading', error: undefined })
    await session.classify(green)
    session.open({ model: colours, create: () => Promise.reject(new TypeError('a fault')), key: 1 })
    await expect(session.classify(green)).rejects.toMatchObject({ code: 'unavailable' })
    const { error } = session.getState()
    expect(isMobileOneError(error) && error.cause).toBeInstanceOf(TypeError)
    session.close()
  })
})

describe('a session of a camera', () => {
  afterEach(() => vi.unstubAllGlobals())

  /** `navigator.mediaDevices` whose camera is `answer`. */
  function devices(answer: () => Promise<unknown>) {
    const getUserMedia = vi.fn(answer)
    vi.stubGlobal('navigator', { mediaDevices: { getUserMedia } })
    return getUserMedia
  }
  const stream = () => {
    const track = { stop: vi.fn(), onended: undefined as undefined | (() => void) }
    return { track, stream: { getTracks: () => [track] } }
  }

  test.each([
    ['NotAllowedError', 'denied'],
    ['SecurityError', 'denied'],
    ['NotFoundError', 'absent'],
    ['NotReadableError', 'busy'],
    ['AbortError', 'busy'],
    ['OverconstrainedError', 'unsuitable'],
  ])('makes %s an error whose reason is %s', async (name, reason) => {
    const cause = new DOMException('no', name)
    devices(() => Promise.reject(cause))
    const session = new CameraSession()
    session.open()
    await session.start()
    expect(session.getState()).toMatchObject({
      status: 'error',
      error: { code: 'unavailable', reason, cause },
    })
  })

  test('says that pages without https have no cameras, and what constraints are none', async () => {
    vi.stubGlobal('navigator', {})
    const session = new CameraSession()
    session.open()
    await session.start()
    expect(session.getState().error).toMatchObject({ reason: 'insecure' })
    devices(() => Promise.reject(new TypeError('bad')))
    await session.start()
    expect(session.getState().error).toMatchObject({ code: 'invalid-argument' })
  })

  test('stops every track, also one that comes too late, and tells of one that ends', async () => {
    const [first, second] = [stream(), stream()]
    const answers = [first, second]
    const getUserMedia = devices(async () => {
      const answer = answers.shift()
      await new Promise((resolve) => setTimeout(resolve, 20))
      return answer?.stream
    })
    const session = new CameraSession()
    session.open({ autoStart: true })
    session.close()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(getUserMedia).not.toHaveBeenCalled()
    session.open({ autoStart: true })
    await until(() => getUserMedia.mock.calls.length === 1)
    session.stop()
    await until(() => first.track.stop.mock.calls.length === 1)
    expect(session.getState().status).toBe('idle')
    await session.start()
    expect(session.getState()).toMatchObject({ status: 'live', stream: second.stream })
    second.track.onended?.()
    expect(session.getState()).toMatchObject({
      status: 'error',
      error: { reason: 'ended' },
      stream: undefined,
    })
    expect(second.track.stop).toHaveBeenCalled()
  })

  test('begins anew with the constraints it is opened with after it was started', async () => {
    const first = stream()
    const answers = [first, stream()]
    const getUserMedia = devices(async () => answers.shift()?.stream)
    const session = new CameraSession()
    await session.start()
    session.open({ constraints: { facingMode: 'user' } })
    expect(first.track.stop).toHaveBeenCalled()
    await session.start()
    expect(session.getState().status).toBe('live')
    expect(getUserMedia).toHaveBeenCalledTimes(2)
    expect(getUserMedia).toHaveBeenLastCalledWith(
      expect.objectContaining({ video: expect.objectContaining({ facingMode: 'user' }) }),
    )
  })

  test('asks for no camera once it is closed, but for one just before it is opened', async () => {
    const getUserMedia = devices(async () => stream().stream)
    const session = new CameraSession()
    await session.start()
    expect(session.getState().status).toBe('live')
    session.close()
    await session.start()
    expect(getUserMedia).toHaveBeenCalledOnce()
    expect(session.getState().status).toBe('idle')
    const started = session.start()
    session.open()
    await started
    expect(session.getState().status).toBe('live')
    session.close()
  })

  test('begins anew with other constraints while it is on', async () => {
    const getUserMedia = devices(async () => stream().stream)
    const session = new CameraSession()
    session.open({ constraints: { width: 320 } })
    session.open({ constraints: { width: 640 } })
    expect(getUserMedia).not.toHaveBeenCalled()
    await session.start()
    session.open({ constraints: { width: 640 } })
    session.open({ constraints: { width: 320 } })
    await until(() => session.getState().status === 'live')
    expect(getUserMedia.mock.calls).toEqual([[{ video: { width: 640 } }], [{ video: { width: 320 } }]])
    session.close()
  })
})

describe('the example of docs/frameworks-and-runtimes.md', () => {
  afterEach(() => vi.unstubAllGlobals())

  test('stands there as it is run here, and follows its signal', async () => {
    const text = readFileSync(new URL('./lifecycle-example.ts', import.meta.url), 'utf8')
    const docs = new URL('../../../docs/frameworks-and-runtimes.md', import.meta.url)
    expect(readFileSync(docs, 'utf8')).toContain(`\`\`\`ts\n${text}\`\`\``)
    const stop = vi.fn()
    vi.stubGlobal('navigator', {
      mediaDevices: { getUserMedia: async () => ({ getTracks: () => [{ stop }] }) },
    })
    const [controller, seen] = [new AbortController(), [] as string[]]
    const camera = openCamera({ autoStart: true }, controller.signal, ({ status }) => seen.push(status))
    await camera.start()
    controller.abort()
    expect(seen).toEqual(['starting', 'live', 'idle'])
    expect(stop).toHaveBeenCalledOnce()
  })
})

describe('a session of predictions', () => {
  test('shows the newest frame, ends with its source and stops when closed', async () => {
    const { create } = counted()
    const classifier = await create({ model: colours, labels })
    const session = new PredictionSession()
    let stopped = 0
    async function* frames(count: number) {
      try {
        for (let i = 0; i < count; i++) {
          await new Promise((resolve) => setTimeout(resolve, 1))
          yield green
        }
      } finally {
        stopped++
      }
    }
    session.open(undefined, frames(1))
    expect(session.getState().status).toBe('idle')
    session.open(classifier, frames(3), { topK: 1, frames: 'all' })
    await until(() => session.getState().status === 'ended')
    expect(session.getState()).toMatchObject({ predictions: [{ label: 'green' }], frame: { width: 4 } })
    const endless = frames(Number.POSITIVE_INFINITY)
    session.open(classifier, endless, { topK: 1 })
    await until(() => session.getState().frame)
    const options = { topK: 1 }
    const before = session.getState()
    session.open(classifier, endless, options)
    expect(session.getState()).toBe(before)
    session.close()
    await until(() => stopped === 2)
    expect(session.getState()).toMatchObject({ status: 'idle', predictions: [] })
    session.open(classifier, frames(9), { fps: -1 })
    await until(() => session.getState().status === 'error')
    expect(session.getState().error).toMatchObject({ code: 'invalid-argument' })
    await classifier.dispose()
  })
})
