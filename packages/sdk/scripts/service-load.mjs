/**
 * Puts a Node service of the SDK under load and says what it bears: `node packages/sdk/scripts/service-load.mjs <weights> <picture>
 * [--seconds 60] [--clients 8] [--size 2] [--only pool-wasm,pool-ort,ort]`. Each client sends the picture again as soon as it is
 * answered. One JSON line a contender; memory is the resident set of the service's process.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'

/** The same service, apart from what it classifies with. */
const contenders = {
  async 'pool-wasm'({ model, size }) {
    const { createPool } = await import('@mobileone/sdk/node')
    return createPool({ model, size })
  },
  async 'pool-ort'({ model, size }) {
    const { createPool } = await import('@mobileone/sdk/node')
    return createPool({ model, size, backend: { name: 'ort', numThreads: 1 } })
  },
  async ort({ model }) {
    const [{ createClassifier }, { ort }] = await Promise.all([
      import('@mobileone/sdk'),
      import('@mobileone/backend-ort'),
    ])
    return createClassifier({ model, backend: ort({ lib: () => import('onnxruntime-node') }) })
  },
}

async function serve({ contender, ...options }) {
  const classifier = await contenders[contender](options)
  const server = createServer(async (request, response) => {
    try {
      response.end(JSON.stringify(await classifier.classify(new Response(request), { topK: 3 })))
    } catch (error) {
      response.writeHead(error.code === 'overloaded' ? 503 : 400).end(error.message)
    }
  })
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
  process.on('message', () => process.send({ rss: process.memoryUsage.rss(), cpu: process.cpuUsage() }))
}

async function measure(contender, { model, picture, seconds, clients, size }) {
  const service = fork(import.meta.filename ?? new URL(import.meta.url).pathname, [], {
    env: { ...process.env, SERVICE: JSON.stringify({ contender, model, size }) },
  })
  const ask = async () => {
    service.send('tell')
    return (await once(service, 'message'))[0]
  }
  try {
    const [{ port }] = await once(service, 'message')
    const body = readFileSync(picture)
    const times = []
    const refused = {}
    const send = async () => {
      const start = performance.now()
      const answer = await fetch(`http://127.0.0.1:${port}`, { method: 'POST', body })
      await answer.arrayBuffer()
      if (answer.ok) times.push(performance.now() - start)
      else refused[answer.status] = (refused[answer.status] ?? 0) + 1
    }
    await Promise.all(Array.from({ length: clients }, send))
    times.length = 0
    const before = await ask()
    const memory = []
    const start = performance.now()
    const end = start + 1000 * seconds
    const watch = setInterval(async () => memory.push((await ask()).rss), (1000 * seconds) / 6)
    const client = async () => {
      while (performance.now() < end) await send()
    }
    await Promise.all(Array.from({ length: clients }, client))
    clearInterval(watch)
    const after = await ask()
    times.sort((a, b) => a - b)
    const megabytes = (bytes) => Math.round(bytes / 2 ** 20)
    const cpuMs = (after.cpu.user + after.cpu.system - before.cpu.user - before.cpu.system) / 1000
    return {
      contender,
      requestsPerSecond: Number((times.length / ((performance.now() - start) / 1000)).toFixed(1)),
      medianMs: Math.round(times[Math.floor(times.length / 2)]),
      p95Ms: Math.round(times[Math.floor(0.95 * times.length)]),
      cpuMsPerRequest: Number((cpuMs / times.length).toFixed(1)),
      refused,
      memoryMb: [before.rss, ...memory, after.rss].map(megabytes),
      load: loadavg()[0],
    }
  } finally {
    service.kill()
  }
}

if (process.env.SERVICE) await serve(JSON.parse(process.env.SERVICE))
else {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: 'string', default: '60' },
      clients: { type: 'string', default: '8' },
      size: { type: 'string', default: '2' },
      only: { type: 'string', default: Object.keys(contenders).join() },
    },
  })
  const [model, picture] = positionals
  if (!picture) throw new Error('give the weights and a picture')
  const [seconds, clients, size] = [values.seconds, values.clients, values.size].map(Number)
  for (const contender of values.only.split(',')) {
    console.log(JSON.stringify(await measure(contender, { model, picture, seconds, clients, size })))
  }
}
