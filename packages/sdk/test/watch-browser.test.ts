import { fileURLToPath } from 'node:url'
import { lacking, openModulePage } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { page, Watched } from './watch-page.ts'

type Page = typeof page

describe.skipIf(lacking('chromium'))('watching in Chromium, with its fake camera', () => {
  let opened: Awaited<ReturnType<typeof openModulePage>>
  const call = <Name extends keyof Page>(
    name: Name,
    ...given: Parameters<Page[Name]>
  ): Promise<Awaited<ReturnType<Page[Name]>>> =>
    opened.page.evaluate(`watchPage.${name}(...${JSON.stringify(given)})`)

  beforeAll(async () => {
    opened = await openModulePage({
      entry: fileURLToPath(new URL('./watch-page.ts', import.meta.url)),
      folders: { '/assets/': fileURLToPath(new URL('../../../apps/demo/assets', import.meta.url)) },
      chromiumArguments: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
    })
    await opened.page.waitForFunction('globalThis.watchPage')
  })
  afterAll(async () => {
    await opened?.close()
  })

  const check = ({ results, frames }: Watched, count: number): void => {
    expect(results.length).toBeGreaterThanOrEqual(count)
    for (const [index, { predictions, width, height, timestamp, ms, dropped }] of results.entries()) {
      expect([predictions.length, width, height]).toEqual([1, 320, 240])
      expect(timestamp).toBeGreaterThan(results[index - 1]?.timestamp ?? -1)
      expect(ms).toBeGreaterThan(0)
      expect(dropped).toBeGreaterThanOrEqual(0)
    }
    expect(frames.open).toBe(0)
  }

  it.each([
    ['a track by MediaStreamTrackProcessor', 'track', [], true],
    ['a stream', 'stream', [], true],
    ['a readable stream of frames', 'readable', [], true],
    ['a track by an element', 'track', ['processor'], false],
    ['an element by requestVideoFrameCallback', 'element', [], false],
    ['an element by its clock', 'element', ['callback'], false],
  ] as const)('%s, left after some results', async (_, way, lacks, hasFrames) => {
    const found = await call('camera', way, 5, lacks)
    check(found, 5)
    expect(found.track).toBe('live')
    expect(found.frames.given > 0).toBe(hasFrames)
  })

  it.each([
    ['track', []],
    ['track', ['processor']],
    ['element', []],
  ] as const)('a %s without %j ends with the track', async (way, lacks) => {
    const found = await call('camera', way, 3, lacks, 'stop')
    check(found, 3)
    expect(found.track).toBe('ended')
  })

  it('keeps to fps', async () => {
    const { results } = await call('camera', 'track', 5, [], 'break', { fps: 8, smoothing: 0.5 })
    for (const [index, { timestamp }] of results.slice(1).entries()) {
      expect(timestamp - (results[index]?.timestamp ?? 0)).toBeGreaterThan(80)
    }
    expect(results.slice(1).some(({ dropped }) => dropped > 0)).toBe(true)
  })

  it('a recorded video is watched to its end', async () => {
    const { labels, last } = await call('recording')
    expect(labels.length).toBeGreaterThan(3)
    expect(new Set(labels)).toEqual(new Set(['Trouser']))
    expect(last).toBeGreaterThan(500)
  })

  it('waits while the page is hidden, and can be left then', async () => {
    const { counts, left } = await call('hidden', 'pause')
    expect(counts[0]).toBeGreaterThan(0)
    expect(counts[1]).toBe(0)
    expect(counts[2]).toBeGreaterThan(0)
    expect(left).toBe(true)
  })

  it('goes on while the page is hidden where that is asked for', async () => {
    const { counts } = await call('hidden', 'run')
    expect(Math.min(...counts)).toBeGreaterThan(0)
  })
})
