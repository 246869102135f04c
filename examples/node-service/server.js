import { createServer } from 'node:http'
import { createPool } from '@mobileone/sdk/node'

const { MODEL: model = 's0', PORT: port = '8080' } = process.env
const statuses = { overloaded: 503, 'invalid-file': 400, 'invalid-input': 400 }
const pool = await createPool({ model, maxQueue: 32 })

const server = createServer(async (request, response) => {
  const answer = (status, value) =>
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value))
  if (request.method !== 'POST') return answer(200, pool.stats())
  try {
    answer(200, await pool.classify(new Response(request), { topK: 3, maxBytes: 4_000_000 }))
  } catch ({ code, message }) {
    answer(statuses[code] ?? 500, { error: message })
  }
})
server.listen(Number(port), () => console.log(`http://localhost:${server.address().port}`))
process.once('SIGTERM', () => server.close(() => pool.dispose()))
