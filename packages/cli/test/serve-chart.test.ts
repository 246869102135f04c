import { request } from 'node:http'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { JsonLines } from '../src/training/log.ts'
import { type Chart, serveChart } from '../src/training/serve-chart.ts'

let chart: Chart
beforeEach(async () => {
  const log: Pick<JsonLines, 'entries'> = { entries: () => [{ type: 'start', model: 'tiny' }] }
  chart = await serveChart(0, log)
})
afterEach(() => chart.close())

/** The status and the beginning of an answer to a request that is sent as it is. */
function get(path: string, host = new URL(chart.url).host): Promise<[status: number, text: string]> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(chart.url)
    const signal = AbortSignal.timeout(5000)
    request({ host: '127.0.0.1', port, path, headers: { host }, signal }, (response) => {
      const done = (text = ''): void => {
        response.destroy()
        resolve([response.statusCode ?? 0, text])
      }
      response.once('data', (chunk) => done(String(chunk)))
      response.once('end', () => done())
    })
      .on('error', reject)
      .end()
  })
}

it.each(['//', '///', '/%00', '//events', '/%E0%A4%A', '/nothing'])(
  'answers GET %s, which must not end the run',
  async (path) => {
    expect(await get(path)).toEqual([404, ''])
    expect((await get('/?again'))[1]).toContain('<title>Training</title>')
  },
)

it('tells the log to pages of this machine alone', async () => {
  const port = new URL(chart.url).port
  for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`, `LOCALHOST:${port}`])
    expect(await get('/events', host), host).toEqual([200, 'data: {"type":"start","model":"tiny"}\n\n'])
  for (const host of [`evil.example:${port}`, 'localhost.evil.example', `192.168.1.5:${port}`])
    expect(await get('/events', host), host).toEqual([421, ''])
})

it('outlives a listener that goes away', async () => {
  await get('/events')
  chart.push({ type: 'step' })
  expect((await get('/'))[0]).toBe(200)
})
