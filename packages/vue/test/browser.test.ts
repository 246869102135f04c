import { fileURLToPath } from 'node:url'
import { lacking, openModulePage } from '@mobileone/testkit'
import vue from '@vitejs/plugin-vue'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

describe.skipIf(lacking('chromium'))('the composables in Chromium', () => {
  let opened: Awaited<ReturnType<typeof openModulePage>>
  beforeAll(async () => {
    opened = await openModulePage({
      entry: fileURLToPath(new URL('./page.ts', import.meta.url)),
      chromiumArguments: ['--use-fake-device-for-media-stream'],
      bundler: {
        plugins: [vue()],
        define: {
          'process.env.NODE_ENV': '"development"',
          __VUE_OPTIONS_API__: 'false',
          __VUE_PROD_DEVTOOLS__: 'false',
          __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'true',
        },
      },
    })
    await opened.page.waitForFunction('globalThis.camera')
  })
  afterAll(async () => {
    await opened?.close()
  })
  const run = (call: string): Promise<unknown> => opened.page.evaluate(call)

  it('hold one classifier, and load anew for other options alone', async () => {
    expect(await run('life()')).toEqual({
      first: 'loading',
      before: 1,
      count: { calls: 3, alive: 0, most: 1, executors: 3, disposed: 3 },
      found: ['green', 'grün'],
      late: 'unavailable',
      complaints: [],
    })
  })

  it('live with an effect scope, on options that are reactive', async () => {
    expect(await run('scope()')).toEqual({
      count: { calls: 2, alive: 0, most: 1, executors: 2, disposed: 2 },
      found: ['green', 'grün'],
      complaints: [],
    })
  })

  it('let go of it while they are kept out of sight', async () => {
    expect(await run('kept()')).toMatchObject({
      hidden: { calls: 1, disposed: 1 },
      count: { calls: 2, alive: 0, most: 1, disposed: 2 },
      complaints: [],
    })
  })

  it('leave nothing behind when they are mounted and unmounted 50 times', async () => {
    const { count, complaints } = (await run('leaks(50)')) as {
      count: Record<'calls' | 'alive' | 'most' | 'executors' | 'disposed', number>
      complaints: string[]
    }
    console.log(`Vue, 50 mounts: ${JSON.stringify(count)}`)
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
      after: ['ended'],
      complaints: [],
    })
  })
})
