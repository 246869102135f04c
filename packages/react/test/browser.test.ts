import { fileURLToPath } from 'node:url'
import { lacking, openModulePage } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

describe.skipIf(lacking('chromium'))('the hooks in Chromium', () => {
  let opened: Awaited<ReturnType<typeof openModulePage>>
  beforeAll(async () => {
    opened = await openModulePage({
      entry: fileURLToPath(new URL('./page.tsx', import.meta.url)),
      folders: { '/sdk/': fileURLToPath(new URL('../../sdk/dist/browser', import.meta.url)) },
      chromiumArguments: ['--use-fake-device-for-media-stream'],
      bundler: { define: { 'process.env.NODE_ENV': '"development"' } },
    })
    await opened.page.waitForFunction('globalThis.photo')
  })
  afterAll(async () => {
    await opened?.close()
  })
  const run = (call: string): Promise<unknown> => opened.page.evaluate(call)

  it('hold one classifier in strict mode, and load anew for other options alone', async () => {
    expect(await run('life()')).toEqual({
      before: 1,
      count: { calls: 2, alive: 0, most: 1, executors: 2, disposed: 2 },
      first: 'loading',
      found: ['green', 'grün'],
      isStable: true,
      late: 'unavailable',
      rendersAfterwards: 0,
      complaints: [],
    })
  })

  it('leave nothing behind when they are mounted and unmounted 50 times', async () => {
    const { count, complaints } = (await run('leaks(50)')) as {
      count: Record<'calls' | 'alive' | 'most' | 'executors' | 'disposed', number>
      complaints: string[]
    }
    console.log(`React, 50 mounts: ${JSON.stringify(count)}`)
    expect(complaints).toEqual([])
    expect(count.alive).toBe(0)
    expect(count.executors).toBeGreaterThanOrEqual(25)
    expect(count.disposed).toBe(count.executors)
    expect(count.calls).toBeLessThanOrEqual(50)
  })

  it('render on a server, and hydrate without a mismatch', async () => {
    expect(await run('hydrate()')).toMatchObject({
      html: expect.stringContaining('<p>loading</p>'),
      serverCalls: 0,
      mismatches: [],
      count: { calls: 1, executors: 1, disposed: 1 },
      complaints: [],
    })
  })

  it('say why there is no camera, show one, and turn it off', async () => {
    await opened.page.context().clearPermissions()
    expect(await run('camera()')).toMatchObject({ alert: expect.stringMatching(/was denied/), after: [] })
    await opened.page.context().grantPermissions(['camera'])
    expect(await run('camera()')).toEqual({
      asked: 0,
      alert: '',
      items: 3,
      live: ['live'],
      after: ['ended', 'ended'],
      complaints: [],
    })
  })

  it('run in a worker', async () => {
    expect(await run('worker()')).toEqual({ found: 'green', code: 'disposed', complaints: [] })
  })

  it('say what is in a photograph that was chosen while the network loaded, and tell faults', async () => {
    expect(await run('photo()')).toEqual({
      found: 'blue',
      fault: expect.stringMatching(/nowhere\.safetensors.*: try again$/s),
      complaints: [],
    })
  })
})
