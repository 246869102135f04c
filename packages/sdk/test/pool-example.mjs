import { createServer } from 'node:http'
import { createPool } from '@mobileone/sdk/node'

const [model = 's0', port = '8080'] = process.argv.slice(2)
const pool = await createPool({ model, maxQueue: 32 })
const server = createServer(async (request, response) => {
  try {
    const predictions = await pool.classify(new Response(request), { topK: 3, maxBytes: 4_000_000 })
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify(predictions))
  } catch (error) {
    response.writeHead(error.code === 'overloaded' ? 503 : 400).end(error.message)
  }
})
server.listen(Number(port), () => console.log(`listens on ${server.address().port}`))
process.once('SIGTERM', () => server.close(() => pool.dispose()))
